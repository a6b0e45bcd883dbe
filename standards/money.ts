const FORM = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/;

/**
 * An amount in 万元 (ten thousand yuan, N(18,6) of the official form) as fen, exactly: '0.2' → 200000n (2 000 yuan).
 * Null when it is not such a number, when it is negative, or when it is not a whole number of fen.
 */
export function fenFrom10kYuan(text: string): bigint | null {
  const match = FORM.exec(
    text
      .normalize('NFKC')
      .trim()
      .replace(/(?<=\d),(?=\d{3}(?:\D|$))/g, ''),
  );
  if (match === null || match[1] === '-') return null;
  return BigInt((match[2] ?? '') + (match[3] ?? '').padEnd(6, '0'));
}

/** Fen as 万元 text with no needless zeros: 200000n → '0.2'. The reverse of fenFrom10kYuan. */
export function formatAs10kYuan(fen: bigint): string {
  const digits = (fen < 0n ? -fen : fen).toString().padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return (fen < 0n ? '-' : '') + digits.slice(0, -6) + (fraction === '' ? '' : `.${fraction}`);
}

const DIGITS = new Map(
  ['零〇', '一壹', '二贰两', '三叁', '四肆', '五伍', '六陆', '七柒', '八捌', '九玖'].flatMap((pair, value) =>
    Array.from(pair, (character) => [character, BigInt(value)] as const),
  ),
);
const TENS = new Map<string, bigint>([
  ['十', 10n],
  ['拾', 10n],
  ['百', 100n],
  ['佰', 100n],
  ['千', 1000n],
  ['仟', 1000n],
]);
const MYRIADS = new Map<string, bigint>([
  ['万', 10_000n],
  ['萬', 10_000n],
  ['亿', 100_000_000n],
]);

/** A whole number in Chinese characters: 贰拾万 → 200000n. */
function numberInCharacters(text: string): bigint {
  let [whole, section, digit] = [0n, 0n, 0n];
  for (const character of text) {
    const [value, tens, myriads] = [DIGITS.get(character), TENS.get(character), MYRIADS.get(character)];
    if (value !== undefined) digit = value;
    else if (tens !== undefined) {
      section += (digit === 0n ? 1n : digit) * tens;
      digit = 0n;
    } else if (myriads !== undefined) {
      whole = (whole + section + digit) * myriads;
      [section, digit] = [0n, 0n];
    }
  }
  return whole + section + digit;
}

// Each repetition has a bound: texts of twenty thousand spaces or commas are searched in linear time too.
const FIGURES = /(\d{1,3}(?:,\d{3}){1,5}|\d{1,15})(?:\.(\d{1,6}))?\s{0,3}(亿|万|千|百)?\s{0,3}元/g;
const CHARACTERS = /([零〇一壹二贰两三叁四肆五伍六陆七柒八捌九玖十拾百佰千仟万萬亿]{1,30})\s{0,3}元/g;

/** The amounts of money that a text names, in fen: 处200元罚款 → [20000n], 罚款人民币贰拾万元整 → [20000000n]. */
export function amountsIn(text: string): bigint[] {
  const plain = text.normalize('NFKC');
  const figures = [...plain.matchAll(FIGURES)].map(([, whole = '', fraction = '', unit]) => {
    const times = unit === undefined ? 1n : numberInCharacters(`一${unit}`);
    return (BigInt(whole.replaceAll(',', '') + fraction.padEnd(6, '0')) * times) / 10_000n;
  });
  // Of 3万元 the characters alone are no number.
  const inCharacters = [...plain.matchAll(CHARACTERS)].map(([, number = '']) => numberInCharacters(number) * 100n);
  return [...figures, ...inCharacters.filter((amount) => amount > 0n)];
}
