const FORM = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/;

/**
 * An amount in 万元 (ten thousand yuan, N(18,6) of the official form) as fen, exactly: '0.2' → 200000n (2 000 yuan).
 * Null when it is not such a number, when it is negative, or when it is not a whole number of fen.
 */
export function fenFrom10kYuan(text: string): bigint | null {
  const match = FORM.exec(text.normalize('NFKC').trim().replace(/(?<=\d),(?=\d{3}(?:\D|$))/g, ''));
  if (match === null || match[1] === '-') return null;
  return BigInt((match[2] ?? '') + (match[3] ?? '').padEnd(6, '0'));
}

/** Fen as 万元 text with no needless zeros: 200000n → '0.2'. The reverse of fenFrom10kYuan. */
export function formatAs10kYuan(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return (fen < 0n ? '-' : '') + digits.slice(0, -6) + (fraction === '' ? '' : `.${fraction}`);
}
