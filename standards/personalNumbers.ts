import { isRegistrationNumber } from './registrationNumber.ts';
import { isResidentId } from './residentId.ts';
import type { TextSearch } from './textSearch.ts';
import { checkUscc, organisationCodeCheck } from './uscc.ts';

// Finds the numbers of persons in free text, by digits alone: an identity number of 18 characters or, from before 1999,
// 15, and a telephone number, mobile or with its area code. Codes of entities, document numbers, amounts and dates have
// to survive.

// GB/T 2260: the first two digits of every person's division. 83 is Taiwan's on residence permits.
const REGION = '(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])';
const DAY = '(?:0[1-9]|1[0-2])[ -]?(?:0[1-9]|[12]\\d|3[01])';
// Not in the middle of a longer number or of a code with letters.
// A pupil's number is G and the identity number.
const ID_START = '(?:(?<![0-9A-Za-z])|(?<=ID|id|No|NO|SFZ|sfz|学籍号[^0-9A-Za-z]{0,3}[GJ]))';
const LONG_ID = new RegExp(
  `${ID_START}${REGION}\\d{4}[ -]?(?:18|19|20)\\d{2}[ -]?${DAY}[ -]?\\d{3}[ -]?[\\dXx](?![0-9A-Za-z])`,
  'g',
);
// What may stand inside a number that was written in groups of any size, or broken at the end of a line.
const BREAK = '(?:[ .-]|[ \\t]{0,2}\\r?\\n[ \\t]{0,4})?';
// It is looked for from each digit: the number of a list may stand before it, 1 3301 9819 8503 1512 34.
const BROKEN_ID = new RegExp(`${ID_START}(?=(?<number>[1-8](?:${BREAK}\\d){16}${BREAK}[\\dXx])(?![0-9A-Za-z]))`, 'g');
// Nobody born before 1930 has a number of this kind and is alive, and nobody born after 1999 received one: registration
// numbers mostly have 0 to 2 here.
const SHORT_ID = new RegExp(`${ID_START}${REGION}\\d{4}[3-9]\\d${DAY.replace('[ -]?', '')}\\d{3}(?![0-9A-Za-z])`, 'g');
// Identity cards of Hong Kong, A123456(7), of Macao, 1234567(8), and of Taiwan, A123456789: only after their word.
const OTHER_ID = new RegExp(
  '(?:身份证|HKID)[^0-9A-Za-z。\\n]{0,12}' +
    '(?<number>[A-Za-z]{1,2}\\d{6} ?\\([0-9A]\\)|[157]\\d{6} ?\\(\\d\\)|[A-Za-z][12]\\d{8})(?![0-9A-Za-z])',
  'g',
);

// Not behind a decimal point either. Digits in groups must not be the rest of a number that is written in groups, such
// as 2026-138-0001-8000.
const STATED = '(?<=tel|Tel|TEL|phone|Phone|mobile|Mobile)';
const TELEPHONE_START = `(?:(?<![0-9A-Za-z]|\\d\\.)|${STATED})(?:(?:\\+|00)?86[ -]?)?`;
const GROUPS_START = `(?:(?<![0-9A-Za-z]|\\d[.-])|${STATED})(?:(?:\\+|00)?86[ -]?)?`;
const TELEPHONE_END = '(?![0-9A-Za-z]|\\.\\d)';
const MOBILE_IN_GROUPS = '1[3-9]\\d(?:([ -])\\d{4}\\1\\d{4}|[ -]\\d{3}[ -]\\d{5}|[ -]\\d{8})';
const MOBILE = new RegExp(`(?:${TELEPHONE_START}1[3-9]\\d{9}|${GROUPS_START}${MOBILE_IN_GROUPS})${TELEPHONE_END}`, 'g');
const BROKEN_MOBILE = new RegExp(`${GROUPS_START}1[3-9](?:${BREAK}\\d){9}${TELEPHONE_END}`, 'g');
const AREA = '(?:10|2\\d|[3-9]\\d{2})';
const AREA_CODE = `(?:\\(0${AREA}\\)[ -]?|0${AREA}[ -]?|(?<=86[ -]?)${AREA}[ -]?)`;
const LANDLINE = new RegExp(`${GROUPS_START}${AREA_CODE}[2-8]\\d{2,3}[ -]?\\d{4}${TELEPHONE_END}`, 'g');
// Without its area code a number is one only directly after its word. 400-820-8820 and 8008208820 are services.
const LOCAL = new RegExp(
  '(?:电话|座机|固话|传真|tel)(?:号码?)?[ ]?[为是:：]?[ (]?' +
    '(?<number>[2-8]\\d{2,3}[ -]?\\d{4})(?![0-9A-Za-z]|\\.\\d|[ -]\\d)',
  'gi',
);
const FOREIGN = new RegExp(
  `(?<![0-9A-Za-z])\\+(?:85[23][ -]?\\d{4}[ -]?\\d{4}|886[ -]?\\d{1,3}[ -]?\\d{3}[ -]?\\d{3,4}|` +
    `(?!86)[1-9]\\d{0,2}[ -]\\d{2,4}(?:[ -]\\d{3,4}){1,3})${TELEPHONE_END}`,
  'g',
);

const OF_A_PERSON = /(?:身份证|证件|公民身份|身份号|ID)[^0-9]{0,8}$/i;
const OF_AN_ENTITY = /(?:注册号|登记号|登记码|登记证|税号|识别号|信用代码|执照)[^0-9]{0,8}$/;
const OF_A_TELEPHONE = /(?:电话|手机|联系|热线|传真|致电|拨打|短信|微信|tel|phone|mobile)[^0-9]{0,10}$/i;
const IS_AMOUNT = /^\s*(?:元|万|亿|人民币|%|吨|公斤|千克|平方)/;
const IS_MONEY = /(?:[¥￥$]|人民币|RMB|CNY)\s*$/i;
/** A year, or a day of this century, in the middle of what looks like a telephone number. */
const LOOKS_DATED = /^1[3-9]\d[ -](?:19|20)\d{2}[ -]|[ -]20\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])$/;
const IS_DECIMAL = /^[^.]*\.[^.]*$/;
const IS_YEAR = /^(?:19|20)\d{2}[ -]/;

type IsOne = (number: string, before: string, after: string) => boolean;

function claimMatches(search: TextSearch, kind: 'IDENTITY_NUMBER' | 'TELEPHONE', pattern: RegExp, isOne: IsOne): void {
  const { plain } = search;
  for (const match of plain.matchAll(pattern)) {
    const [whole] = match;
    // The number is the whole, its last part behind words, or what is looked at ahead of nothing.
    const number = match.groups?.['number'] ?? whole;
    const start = match.index + Math.max(0, whole.length - number.length);
    const end = start + number.length;
    if (isOne(number, search.wordsBefore(start, 16), plain.slice(end, end + 4))) search.claim({ kind, start, end });
  }
}

/**
 * Finds the identity numbers of persons. 18 digits that are the code of an entity stay. 15 digits stay if they pass the
 * check of a registration number (GS 15-2006) or of an organisation code inside a tax number, unless the words before
 * state that the number is a person's. Without such words one in ten of these numbers of persons is taken for an
 * entity's.
 * @param isNumber the text is a number itself: one counts only where its check character is right
 */
export function findIdentityNumbers(search: TextSearch, isNumber: boolean): void {
  const claim = (pattern: RegExp, isOne: IsOne): void => claimMatches(search, 'IDENTITY_NUMBER', pattern, isOne);
  claim(LONG_ID, (number, words) => isLongId(number.replace(/[ -]/g, ''), isNumber, words));
  if (!isNumber || OF_A_PERSON.test(search.wordsBefore(0, 0))) claim(SHORT_ID, isShortId);
  if (isNumber) return;
  // In groups of any size the check character has to be right.
  claim(BROKEN_ID, (number, words) => {
    const digits = number.replace(/[^0-9Xx]/g, '');
    return !IS_DECIMAL.test(number) && isResidentId(digits) && isLongId(digits, true, words);
  });
}

/** Finds identity numbers of Hong Kong, Macao and Taiwan behind the word for an identity card. */
export function findOtherIdentityNumbers(search: TextSearch): void {
  claimMatches(search, 'IDENTITY_NUMBER', OTHER_ID, () => true);
}

const claimTelephones = (search: TextSearch, pattern: RegExp, isOne: IsOne): void =>
  claimMatches(search, 'TELEPHONE', pattern, isOne);

/** Finds mobile numbers, landline numbers with their area code, and foreign ones behind a plus. */
export function findTelephones(search: TextSearch): void {
  claimTelephones(search, MOBILE, isTelephone);
  claimTelephones(search, LANDLINE, isTelephone);
  claimTelephones(
    search,
    BROKEN_MOBILE,
    (number, before, after) =>
      !IS_DECIMAL.test(number) && OF_A_TELEPHONE.test(before) && isTelephone(number, before, after),
  );
  claimTelephones(search, FOREIGN, isTelephone);
}

/** Finds landline numbers without their area code directly behind the word for them. */
export function findLocalTelephones(search: TextSearch): void {
  claimTelephones(search, LOCAL, (number, _, after) => !IS_AMOUNT.test(after) && !IS_YEAR.test(number));
}

/**
 * Whether 18 characters are a person's identity number and not the code of an entity, which may consist of digits alone
 * too.
 */
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
  // Document numbers also consist of division, day and sequence, and one in eleven passes the check: the days of
  // decisions are hardly the birthdays of persons whom a record about an entity names.
  if (birthYear >= 2010) return isResidentId(number) && OF_A_PERSON.test(before);
  // Copied with one wrong digit, the number still identifies its person.
  return isResidentId(number) || (!isStrict && birthYear >= 1925);
}

function isShortId(number: string, before: string): boolean {
  if (OF_A_PERSON.test(before)) return true;
  return (
    !OF_AN_ENTITY.test(before) &&
    !isRegistrationNumber(number) &&
    organisationCodeCheck(number.slice(6, 14)) !== number[14]
  );
}

function isTelephone(number: string, before: string, after: string): boolean {
  if (IS_AMOUNT.test(after) || IS_MONEY.test(before)) return false;
  return OF_A_TELEPHONE.test(before) || (!after.startsWith('号') && !LOOKS_DATED.test(number));
}
