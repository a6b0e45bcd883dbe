// What the finders of personal data share: the text they read, and which parts of it are found already.

export const personalDataKinds = [
  'IDENTITY_NUMBER',
  'TELEPHONE',
  'BANK_CARD',
  'PASSPORT',
  'EMAIL',
  'MESSENGER',
  'PERSON_ADDRESS',
] as const;

export type PersonalDataKind = (typeof personalDataKinds)[number];

/** A part of a text, in UTF-16 code units from its beginning; `end` is the first that does not belong to it. */
export interface PersonalDataSpan {
  readonly kind: PersonalDataKind;
  readonly start: number;
  readonly end: number;
  /** Where a mask begins: at `start`, but in an address at the number of the house. */
  readonly maskFrom: number;
  /** False for an address that may as well be a unit's: a person has to look at it. */
  readonly isCertain: boolean;
}

/** One text while it is searched. */
export interface TextSearch {
  /** The text in half width (foldText), in which all positions of the search are. */
  readonly plain: string;
  readonly spans: readonly PersonalDataSpan[];
  /**
   * Up to `count` code units before a position, after what stands before the whole text, such as the name of its
   * column.
   */
  readonly wordsBefore: (position: number, count: number) => string;
  /** Adds a span. It does nothing and returns false where another finder was there first. */
  readonly claim: (span: Omit<PersonalDataSpan, 'maskFrom' | 'isCertain'> & Partial<PersonalDataSpan>) => boolean;
}

/**
 * Begins the search of one text.
 * @param plain the text as `foldText` returns it
 * @param before what stands before it
 */
export function createTextSearch(plain: string, before: string): TextSearch {
  const spans: PersonalDataSpan[] = [];
  // One byte for each code unit: looking for an overlap among the spans would take quadratic time.
  const taken = new Uint8Array(plain.length);
  return {
    plain,
    spans,
    wordsBefore: (position, count) => before + plain.slice(Math.max(0, position - count), position),
    claim: (span) => {
      if (taken.subarray(span.start, span.end).includes(1)) return false;
      taken.fill(1, span.start, span.end);
      spans.push({ maskFrom: span.start, isCertain: true, ...span });
      return true;
    },
  };
}

export interface FoldedText {
  readonly plain: string;
  /** The position in the text of each code unit of `plain`; null where they are the same. */
  readonly positions: readonly number[] | null;
}

const INVISIBLE = /[\u00ad\u200b-\u200d\u2060\ufeff]/;
// Digits of mathematics (U+1D7CE to U+1D7FF) have two code units.
const CHANGES_LENGTH = /[\u00ad\u200b-\u200d\u2060\ufeff]|\ud835[\udfce-\udfff]/;
// Spaces; hyphens; full width, without ，, which ends a number; radicals, which texts from PDF have in the place of
// characters (⼾籍, ⾝份证); the Roman ten in the place of X. Digits in circles and raised ones mark points and notes,
// and are read as digits only where there are five together.
const FOLDED = new RegExp(
  [
    /[\u00a0\u2000-\u200a\u202f\u205f\u3000\u2010-\u2015\u2212\ufe58\ufe63]/,
    /[（）＃＋－．＠＿０-９Ａ-Ｚａ-ｚ\u2e80-\u2fdf\u2169\u2179]/,
    /[\u2460-\u2468\u24ea]{5,}|[\u00b2\u00b3\u00b9\u2070\u2074-\u2079]{5,}|[\u2080-\u2089]{5,}/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);
const SPACE = /^[\u00a0\u2000-\u200a\u202f\u205f\u3000]$/;
const HYPHEN = /^[\u2010-\u2015\u2212\ufe58\ufe63]$/;

const fold = (part: string): string =>
  SPACE.test(part)
    ? ' '
    : HYPHEN.test(part)
      ? '-'
      : // The radical ⼾ is folded to the traditional form of 户.
        sameLength(part, part.normalize('NFKC').replace('戶', '户'));

const sameLength = (part: string, folded: string): string => (folded.length === part.length ? folded : part);

/**
 * The text in half width, as far as its numbers, addresses and names in Latin letters need it (NFKC), without
 * characters that nobody sees.
 */
export function foldText(text: string): FoldedText {
  if (!CHANGES_LENGTH.test(text)) return { plain: text.replace(FOLDED, fold), positions: null };
  const positions: number[] = [];
  let visible = '';
  for (let index = 0; index < text.length; index++) {
    const unit = text.charAt(index);
    if (INVISIBLE.test(unit)) continue;
    positions.push(index);
    const pair = text.slice(index, index + 2);
    const isDigit = unit === '\ud835' && CHANGES_LENGTH.test(pair);
    visible += isDigit ? pair.normalize('NFKC') : unit;
    // A pair of another kind is kept as its two units.
    if (isDigit) index++;
  }
  return { plain: visible.replace(FOLDED, fold), positions };
}

/** The span of a folded text as one of the text itself. */
export function unfold(span: PersonalDataSpan, text: string, positions: readonly number[]): PersonalDataSpan {
  const at = (position: number): number => positions[position] ?? text.length;
  const last = at(span.end - 1);
  const isPair = CHANGES_LENGTH.test(text.slice(last, last + 2)) && text.charAt(last) === '\ud835';
  return { ...span, start: at(span.start), end: last + (isPair ? 2 : 1), maskFrom: at(span.maskFrom) };
}

/** Where the last match of a global pattern begins in some words; -1 where there is none. */
export function lastAt(words: string, pattern: RegExp): number {
  let last = -1;
  for (const { index } of words.matchAll(pattern)) last = index;
  return last;
}
