const SPACES = /[\s\u200b-\u200d\u2060\ufeff]/g;
const OPENING = /[【[([{〈《「『〖]/g;
const CLOSING = /[】\])\]}〉》」』〗]/g;
const PLAIN = /^[0-9A-Za-z\u4e00-\u9fff〔〕-]+$/;

/**
 * A document number (文书号) in the one spelling that decides identity: half width, no spaces, every bracket a 〔 or 〕,
 * letters in upper case. 「浙市监罚【2026】１２号」 and 「浙市监罚[2026] 12号」 are the same document. It is not unique by itself: the
 * natural key also has authority, subject and date of decision.
 */
export function normaliseDocumentNumber(text: string): string {
  const plain = PLAIN.test(text)
    ? text
    : text.normalize('NFKC').replace(SPACES, '').replace(OPENING, '〔').replace(CLOSING, '〕');
  return plain.toUpperCase();
}
