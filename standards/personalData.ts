import { findBankCards } from './bankCards.ts';
import { findEmails, findMessengerNames } from './onlineNames.ts';
import { findPassports } from './passports.ts';
import { findPersonAddresses } from './personAddresses.ts';
import {
  findIdentityNumbers,
  findLocalTelephones,
  findOtherIdentityNumbers,
  findTelephones,
} from './personalNumbers.ts';
import { createTextSearch, foldText, unfold, type PersonalDataSpan } from './textSearch.ts';

// Personal data in free text, which needs treatment before a text is published (发改办财金〔2018〕893号 四). How well
// it is found is measured on test/labelled/personalData.json.

/** Raised with each change of what is found: texts that an earlier version searched are searched again. */
export const DETECTOR_VERSION = 1;

export interface PersonalDataOptions {
  /** The column holds numbers: it is searched for identity numbers alone, and their check character has to be right. */
  readonly isNumber?: boolean;
  /**
   * What stands before the text, such as the name of its column: it distinguishes a registration number from a
   * person's, and says that a text is a passport number (护照号) or a name (微信号).
   */
  readonly before?: string;
}

const NONE: readonly PersonalDataSpan[] = [];

// The fewest digits of a passport or local telephone number, of other telephone numbers, of a bank card, and of an
// identity number, with nothing between them but what numbers are grouped by; and the fewest characters of a name in a
// messenger.
const OF_A_SHORT_NUMBER = 6;
const OF_A_TELEPHONE = 10;
const OF_A_CARD = 13;
const OF_AN_IDENTITY = 15;
const OF_A_NAME = 5;

// What a character may be a part of: a number, what stands inside of one, a name in Latin letters, an e-mail address,
// the words before an address or before a name in a messenger.
const DIGIT = 1;
const SEPARATOR = 2;
const LETTER = 4;
const AT = 8;
const ADDRESS = 16;
const MESSENGER = 32;
const SIGNS = new Uint8Array(0x10000);

/** Notes what the characters are a sign of; those of ASCII in full width too. */
function note(sign: number, characters: string): void {
  for (let index = 0; index < characters.length; index++) {
    const code = characters.charCodeAt(index);
    for (const each of code > 0x20 && code < 0x7f ? [code, code + 0xfee0] : [code])
      SIGNS[each] = (SIGNS[each] ?? 0) | sign;
  }
}

const unitsFrom = (first: number, count: number): string =>
  String.fromCharCode(...Array.from({ length: count }, (_, index) => first + index));

note(DIGIT, '0123456789①②③④⑤⑥⑦⑧⑨⓪⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉');
// A digit of mathematics has two units: a digit, and what is passed over.
note(DIGIT, '\ud835');
note(SEPARATOR, unitsFrom(0xdfce, 50));
note(SEPARATOR, ' \t\r\n.-+()\u00a0\u202f\u205f\u3000\u2212\ufe58\ufe63\u00ad\u2060\ufeff' + unitsFrom(0x2000, 22));
note(LETTER, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_');
note(AT, '@');
// ⼾ and ⽹ are radicals, which some texts have in the place of 户 and 网.
note(ADDRESS, '住籍址居寄家⼾户业点');
note(MESSENGER, '微信昵网⽹薇威徽❤♥企扣旺淘鱼钉陌探飞电抖快红宝QqVvWwTtSsLlFfIi');

// Many other words have these characters (企业, 国家, 名称): whether an address or a nickname may follow at all.
const MAY_HAVE_ADDRESS = /[住籍址居寄]|[户⼾]口|[户业]主|租户|老家|家[中里]|地点/;
const MAY_HAVE_NICKNAME = /昵称|[网⽹信QＱ注]名/i;
/** Columns whose name says what stands alone in their cells. */
const NAMES_PERSONAL_DATA = /微信|QQ|旺旺|昵称|护照|通行证|住址|户籍|家庭地址/i;

interface Signs {
  /** The most digits of one number, and the most letters and digits of one name. */
  readonly digits: number;
  readonly letters: number;
  readonly signs: number;
}

function readSigns(text: string): Signs {
  let signs = 0;
  let [digits, maxDigits, letters, maxLetters] = [0, 0, 0, 0];
  for (let index = 0; index < text.length; index++) {
    const sign = SIGNS[text.charCodeAt(index)] ?? 0;
    signs |= sign;
    if (sign & DIGIT) maxDigits = Math.max(maxDigits, ++digits);
    else if (!(sign & SEPARATOR)) digits = 0;
    if (sign & (DIGIT | LETTER)) maxLetters = Math.max(maxLetters, ++letters);
    else if (!(sign & SEPARATOR)) letters = 0;
  }
  return { digits: maxDigits, letters: maxLetters, signs };
}

/**
 * The personal data in a text, by its place. Not found are Unified Social Credit Codes, numbers of documents,
 * licences, batches and orders, amounts, days, hotlines, accounts and addresses of units. It takes linear time, and
 * does not look for names of persons.
 * @returns spans in UTF-16 code units of the text as given; they do not overlap
 */
export function findPersonalData(
  text: string,
  { isNumber = false, before = '' }: PersonalDataOptions = {},
): readonly PersonalDataSpan[] {
  const label = !isNumber && NAMES_PERSONAL_DATA.test(before) ? `${before}：` : '';
  const whole = label + text;
  // A million rows are filed at a time, and hardly a cell holds anything: one look at each character, 1 to 3 ns, comes
  // before the patterns, which take microseconds.
  const { digits, letters, signs } = readSigns(whole);
  const may = {
    number: digits >= (isNumber ? OF_AN_IDENTITY : OF_A_SHORT_NUMBER),
    email: !isNumber && (signs & AT) > 0,
    messenger: !isNumber && (signs & MESSENGER) > 0 && (letters >= OF_A_NAME || MAY_HAVE_NICKNAME.test(whole)),
    address: !isNumber && (signs & ADDRESS) > 0 && MAY_HAVE_ADDRESS.test(whole),
  };
  if (!may.number && !may.email && !may.messenger && !may.address) return NONE;
  const { plain, positions } = foldText(whole);
  const search = createTextSearch(plain, label === '' ? before : '');
  if (digits >= OF_AN_IDENTITY) findIdentityNumbers(search, isNumber);
  if (may.email) findEmails(search);
  if (!isNumber && digits >= OF_A_CARD) findBankCards(search);
  if (!isNumber && may.number) {
    findOtherIdentityNumbers(search);
    findPassports(search);
    if (digits >= OF_A_TELEPHONE) findTelephones(search);
    findLocalTelephones(search);
  }
  if (may.messenger) findMessengerNames(search);
  if (may.address || (!isNumber && search.spans.length > 0)) findPersonAddresses(search);
  const spans = search.spans.toSorted((one, other) => one.start - other.start);
  const unfolded = positions === null ? spans : spans.map((span) => unfold(span, whole, positions));
  return label === '' ? unfolded : unfolded.flatMap((span) => withoutLabel(span, label.length));
}

/** The span as one of the text behind a label; none for what the label itself has. */
function withoutLabel(span: PersonalDataSpan, length: number): PersonalDataSpan[] {
  if (span.start < length) return [];
  return [{ ...span, start: span.start - length, end: span.end - length, maskFrom: span.maskFrom - length }];
}

/** The text with `*` in the place of the spans that are certain, as long as it was. The spans are in order. */
export function maskSpans(text: string, spans: readonly PersonalDataSpan[]): string {
  let masked = '';
  let kept = 0;
  for (const { maskFrom, end } of spans.filter(({ isCertain }) => isCertain)) {
    masked += text.slice(kept, maskFrom) + '*'.repeat(end - maskFrom);
    kept = end;
  }
  return masked + text.slice(kept);
}
