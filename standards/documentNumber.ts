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

// A number in Arabic or, before 号 or a closing bracket, in Chinese figures: 第12号, 〔二〇二六〕, 第三号.
const NUMBER = /\d|[〇零一二三四五六七八九十百千][号〕]/;

/**
 * Whether a document number is only a title, such as 登字: many documents of one day bear it, so it identifies none of
 * them.
 * @param key in the spelling of `normaliseDocumentNumber`
 */
export const isTitleOnly = (key: string): boolean => !NUMBER.test(key);
