import { isKnownDivision } from './divisions.ts';
import { organisationCategoryName } from './registrationDepartments.ts';

/** GB 32100-2015: digits and capital letters without I, O, S, V, Z. A symbol's index is its value. */
export const USCC_ALPHABET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

export type UsccWarning = 'CHECK_CHARACTER' | 'ORGANISATION_CODE' | 'DIVISION' | 'CATEGORY';

export type UsccCheck =
  | { status: 'VALID'; uscc: string; warnings: UsccWarning[] }
  | { status: 'MISSING'; reason: 'EMPTY' | 'PLACEHOLDER'; message: string }
  | {
      status: 'INVALID';
      reason: 'LENGTH' | 'ALPHABET' | 'CHECK_CHARACTER';
      /**
       * A sentence for people. It names one character and its position at most, never the whole input, which may be a
       * person's number.
       */
      message: string;
      /** The check character (position 18) that follows from the first 17; with reason CHECK_CHARACTER. */
      expected?: string;
      /** Counted from 1 in the normalised code; with reason ALPHABET. */
      position?: number;
    };

/** Checks a code as `checkUscc` does, by what is known of codes that were issued with another check character. */
export type CodeCheck = (input: string) => UsccCheck;

const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] as const;
const ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const;

// The value by UTF-16 code, -1 for a character outside the alphabet: the check runs on every row of a bulk filing.
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < USCC_ALPHABET.length; value++) VALUES[USCC_ALPHABET.charCodeAt(value)] = value;

// Only ever suggested: mapping them silently would give one entity another entity's record.
const LOOK_ALIKES: Record<string, string> = { I: '1', O: '0', Z: '2', S: '5', V: 'U' };

const REMOVED = /[\s\u200b-\u200d\u2060\ufeff\u2010-\u2015\u2212-]/g;
const PLACEHOLDER = /^0{17}.$/;
const CLEAN = /^[0-9A-Z]{18}$/;

/** Normalises a code: half width, upper case, without spaces and hyphens. It does not check validity. */
export function normaliseUscc(input: string): string {
  return CLEAN.test(input) ? input : input.normalize('NFKC').replace(REMOVED, '').toUpperCase();
}

function valueAt(text: string, index: number): number {
  return VALUES[text.charCodeAt(index)] ?? -1;
}

/**
 * The 18th character for the first 17 (GB 32100-2015, the MOD 31-3 sum of GB/T 17710).
 * @throws RangeError when they are not 17 characters of the alphabet
 */
export function usccCheckCharacter(first17: string): string {
  if (first17.length !== 17) throw new RangeError('A check character is computed from 17 characters');
  const expected = checkCharacter(first17);
  if (expected === undefined)
    throw new RangeError('A check character is computed from digits and capital letters without I, O, S, V, Z');
  return expected;
}

function checkCharacter(code: string): string | undefined {
  let sum = 0;
  for (let index = 0; index < 17; index++) {
    const value = valueAt(code, index);
    if (value < 0) return undefined;
    sum += value * (WEIGHTS[index] ?? 0);
  }
  return USCC_ALPHABET[(31 - (sum % 31)) % 31];
}

/**
 * The ninth character of an organisation code (GB 11714) for its eight-character body.
 * @throws RangeError when the body is not eight digits or capital letters
 */
export function organisationCodeCheck(body8: string): string {
  if (body8.length !== 8) throw new RangeError('An organisation code has a body of 8 characters');
  let sum = 0;
  for (let index = 0; index < 8; index++) {
    const code = body8.charCodeAt(index);
    const isDigit = code >= 48 && code <= 57;
    if (!isDigit && !(code >= 65 && code <= 90))
      throw new RangeError('An organisation code has digits and capital letters only');
    sum += (isDigit ? code - 48 : code - 55) * (ORGANISATION_WEIGHTS[index] ?? 0);
  }
  const remainder = 11 - (sum % 11);
  return remainder === 10 ? 'X' : remainder === 11 ? '0' : String(remainder);
}

/**
 * Composes a code from its first eight characters (department, category, division) and the body of its organisation
 * code.
 */
export function composeUscc(prefix8: string, body8: string): string {
  const first17 = prefix8 + body8 + organisationCodeCheck(body8);
  return first17 + usccCheckCharacter(first17);
}

function lengthMessage(length: number, code: string): string {
  const characters = length === 1 ? 'character' : 'characters';
  const sentence = `The code has ${length} ${characters}; a Unified Social Credit Code has 18.`;
  if (/^\d{15}$/.test(code)) return `${sentence} Fifteen digits may be an old registration number (工商注册号).`;
  if (/^[0-9A-Z]{8}[0-9X]$/.test(code))
    return `${sentence} Nine characters may be an organisation code (组织机构代码).`;
  return sentence;
}

/**
 * Checks a Unified Social Credit Code (统一社会信用代码, GB 32100-2015) as a person or a file wrote it. VALID carries the
 * normalised code. Length, alphabet and check character are errors; the inner organisation-code digit, an unknown
 * division and an unknown category are only warnings, since codes in use break them. MISSING means that there is no
 * code: empty, or seventeen zeros, which files carry where the code was not known.
 * @param isIssued whether the registry confirmed that it issued this normalised code, although its check character does
 *   not fit, which is then only a warning; left out: no such code is known (issuedCodes.ts)
 */
export function checkUscc(input: string, isIssued?: (code: string) => boolean): UsccCheck {
  const code = normaliseUscc(input);
  if (code === '') return { status: 'MISSING', reason: 'EMPTY', message: 'No code was given.' };
  if (code.length !== 18) {
    const length = Array.from(code).length;
    return length === 18
      ? alphabetProblem(code)
      : { status: 'INVALID', reason: 'LENGTH', message: lengthMessage(length, code) };
  }
  if (code.startsWith('000000000') && PLACEHOLDER.test(code)) {
    return {
      status: 'MISSING',
      reason: 'PLACEHOLDER',
      message: 'Seventeen zeros stand for a code that was not known.',
    };
  }
  const expected = checkCharacter(code);
  if (expected === undefined || valueAt(code, 17) < 0) return alphabetProblem(code);
  const fits = code[17] === expected;
  if (!fits && isIssued?.(code) !== true) {
    return {
      status: 'INVALID',
      reason: 'CHECK_CHARACTER',
      message:
        `The check character (position 18) is "${code[17]}"; ` +
        `the first 17 characters ask for "${expected}". One of the 18 is wrong.`,
      expected,
    };
  }
  const warnings: UsccWarning[] = fits ? [] : ['CHECK_CHARACTER'];
  if (!organisationCodeHolds(code)) warnings.push('ORGANISATION_CODE');
  if (!isKnownDivision(code.slice(2, 8))) warnings.push('DIVISION');
  if (organisationCategoryName(code.slice(0, 2)) === null) warnings.push('CATEGORY');
  return { status: 'VALID', uscc: code, warnings };
}

function organisationCodeHolds(code: string): boolean {
  return organisationCodeCheck(code.slice(8, 16)) === code[16];
}

function alphabetProblem(code: string): UsccCheck {
  const characters = Array.from(code);
  if (characters.length !== 18)
    return { status: 'INVALID', reason: 'LENGTH', message: lengthMessage(characters.length, code) };
  const index = characters.findIndex((character) => character.length > 1 || valueAt(character, 0) < 0);
  const character = characters[index] ?? '';
  const suggestion = LOOK_ALIKES[character];
  const advice = suggestion === undefined ? '' : ` Did you mean "${suggestion}"?`;
  return {
    status: 'INVALID',
    reason: 'ALPHABET',
    message:
      `Position ${index + 1} is "${character}"; ` +
      `a code has digits and capital letters without I, O, S, V, Z.${advice}`,
    position: index + 1,
  };
}
