import { isRegistrationNumber } from './registrationNumber.ts';
import { isResidentId } from './residentId.ts';
import { checkUscc, organisationCodeCheck } from './uscc.ts';

// Numbers of persons in free text. What is looked for is what a text says by its digits alone: an identity number of 18 or, from before 1999, 15
// characters, and a telephone number, mobile or with its area code. Codes of entities, document numbers, amounts and dates have to survive.

export interface MaskedText {
  /** As long as the text was, with `*` for what was masked. */
  readonly text: string;
  readonly hasIdentityNumber: boolean;
  readonly hasTelephone: boolean;
}

export interface MaskOptions {
  /** The column holds numbers: no telephones are looked for, and an identity number only where its check character says so. */
  readonly isNumber?: boolean;
  /** What stands before the text, the name of its column for one: it tells a registration number from a person's. */
  readonly before?: string;
}

/** The shortest telephone number with its area code; an identity number of the old kind has 15 digits. */
const FEWEST_DIGITS = 11;
const FEWEST_IDENTITY_DIGITS = 15;

// GB/T 2260: the first two digits of every person's division. 83 is Taiwan's on residence permits.
const REGION = '(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])';
const DAY = '(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\\d|3[01])';
// Not in the middle of a longer number or of a code with letters.
const ID_START = '(?:(?<![0-9A-Za-z])|(?<=ID|id|No|NO|SFZ|sfz))';
const LONG_ID = new RegExp(`${ID_START}${REGION}\\d{4}[ -]?(?:18|19|20)\\d{2}[ -]?${DAY}[ -]?\\d{3}[ -]?[\\dXx](?![0-9A-Za-z])`, 'g');
// Nobody born before 1930 has a number of this kind and is alive, nobody born after 1999 got one: registration numbers mostly have 0 to 2 here.
const SHORT_ID = new RegExp(`${ID_START}${REGION}\\d{4}[3-9]\\d${DAY.replace('[ -]?', '')}\\d{3}(?![0-9A-Za-z])`, 'g');

// Nor behind a decimal point; and digits in groups not as the rest of a number that is written in groups, such as 2026-138-0001-8000.
const SAID = '(?<=tel|Tel|TEL|phone|Phone|mobile|Mobile)';
const TELEPHONE_START = `(?:(?<![0-9A-Za-z]|\\d\\.)|${SAID})(?:(?:\\+|00)?86[ -]?)?`;
const GROUPS_START = `(?:(?<![0-9A-Za-z]|\\d[.-])|${SAID})(?:(?:\\+|00)?86[ -]?)?`;
const TELEPHONE_END = '(?![0-9A-Za-z]|\\.\\d)';
const MOBILE = new RegExp(`(?:${TELEPHONE_START}1[3-9]\\d{9}|${GROUPS_START}1[3-9]\\d(?:([ -])\\d{4}\\1\\d{4}|[ -]\\d{3}[ -]\\d{5}|[ -]\\d{8}))${TELEPHONE_END}`, 'g');
const LANDLINE = new RegExp(
  `${GROUPS_START}(?:\\(0(?:10|2\\d|[3-9]\\d{2})\\)[ -]?|0(?:10|2\\d|[3-9]\\d{2})[ -]?|(?<=86[ -]?)(?:10|2\\d|[3-9]\\d{2})[ -]?)[2-8]\\d{2,3}[ -]?\\d{4}${TELEPHONE_END}`,
  'g',
);

const OF_A_PERSON = /(?:身份证|证件|公民身份|身份号|ID)[^0-9]{0,8}$/i;
const OF_AN_ENTITY = /(?:注册号|登记号|登记码|登记证|税号|识别号|信用代码|执照)[^0-9]{0,8}$/;
const OF_A_TELEPHONE = /(?:电话|手机|联系|热线|传真|致电|拨打|短信|微信|tel|phone|mobile)[^0-9]{0,10}$/i;
const IS_AMOUNT = /^\s*(?:元|万|亿|人民币|%|吨|公斤|千克|平方)/;
const IS_MONEY = /(?:[¥￥$]|人民币|RMB|CNY)\s*$/i;
/** A year, or a day of this century, where the middle of a telephone number would be. */
const LOOKS_DATED = /^1[3-9]\d[ -](?:19|20)\d{2}[ -]|[ -]20\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;

/**
 * The text with the identity and telephone numbers of persons masked, or null when there are none. 18 digits that are the code of an entity
 * stay. Of 15 digits those stay that hold the check of a registration number (GS 15-2006) or of an organisation code inside a tax number,
 * unless the words before say that it is a person's; without these words one such number in ten of a person's is taken for an entity's.
 */
export function maskPersonalNumbers(text: string, { isNumber = false, before = '' }: MaskOptions = {}): MaskedText | null {
  // One look at each character, 16 ns for a name; the patterns cost 2 µs, where a cell has so many digits.
  if (!hasDigits(text, isNumber ? FEWEST_IDENTITY_DIGITS : FEWEST_DIGITS)) return null;
  const plain = halfWidth(text);
  let masked = text;
  const found = { hasIdentityNumber: false, hasTelephone: false };
  const mask = (pattern: RegExp, kind: keyof typeof found, isOne: (number: string, before: string, after: string) => boolean): void => {
    for (const { 0: number, index } of plain.matchAll(pattern)) {
      const end = index + number.length;
      if (masked[index] === '*' || !isOne(number, before + plain.slice(Math.max(0, index - 16), index), plain.slice(end, end + 4))) continue;
      masked = masked.slice(0, index) + '*'.repeat(number.length) + masked.slice(end);
      found[kind] = true;
    }
  };
  mask(LONG_ID, 'hasIdentityNumber', (number, words) => isLongId(number.replace(/[ -]/g, ''), isNumber, words));
  if (!isNumber || OF_A_PERSON.test(before)) mask(SHORT_ID, 'hasIdentityNumber', isShortId);
  if (!isNumber) {
    mask(MOBILE, 'hasTelephone', isTelephone);
    mask(LANDLINE, 'hasTelephone', isTelephone);
  }
  return found.hasIdentityNumber || found.hasTelephone ? { text: masked, ...found } : null;
}

/** Whether 18 characters are a person's identity number and not the code of an entity, which may have digits alone too. */
export function isPersonNumber(text: string): boolean {
  return isResidentId(text) && !isEntityCode(text);
}

function isEntityCode(text: string): boolean {
  const check = checkUscc(text);
  return check.status === 'VALID' && check.warnings.length === 0;
}

function isLongId(number: string, isStrict: boolean, before: string): boolean {
  if (isEntityCode(number)) return false;
  const birthYear = Number(number.slice(6, 10));
  // Document numbers are made of division, day and sequence too, and one in eleven holds the check: the days of decisions are hardly the birthdays
  // of those whom a record about an entity names.
  if (birthYear >= 2010) return isResidentId(number) && OF_A_PERSON.test(before);
  // Copied with one wrong digit it still names its person.
  return isResidentId(number) || (!isStrict && birthYear >= 1925);
}

function isShortId(number: string, before: string): boolean {
  if (OF_A_PERSON.test(before)) return true;
  return !OF_AN_ENTITY.test(before) && !isRegistrationNumber(number) && organisationCodeCheck(number.slice(6, 14)) !== number[14];
}

function isTelephone(number: string, before: string, after: string): boolean {
  if (IS_AMOUNT.test(after) || IS_MONEY.test(before)) return false;
  return OF_A_TELEPHONE.test(before) || (!after.startsWith('号') && !LOOKS_DATED.test(number));
}

function hasDigits(text: string, fewest: number): boolean {
  const { length } = text;
  if (length < fewest) return false;
  for (let index = 0, count = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (((code >= 48 && code <= 57) || (code >= 0xff10 && code <= 0xff19)) && ++count >= fewest) return true;
  }
  return false;
}

/** What numbers are written with in its half width, so that places stay: ０ to ９, Ｘ, ＋, （ and －. Not ，, which ends a number. */
function halfWidth(text: string): string {
  return text.replace(/[（）＋－０-９Ａ-Ｚａ-ｚ\u3000\u2010-\u2015]/g, character =>
    character === '\u3000' ? ' ' : character < '\uff00' ? '-' : String.fromCharCode(character.charCodeAt(0) - 0xfee0),
  );
}
