import { isRegistrationNumber } from './registrationNumber.ts';
import { checkUscc, organisationCodeCheck } from './uscc.ts';

export interface IdentifierScheme {
  /** The code scalar that records and queries carry. */
  code: string;
  name: string;
  englishName: string;
  /** Chinese words that official forms use for it. */
  labels: string[];
  /** The form of a value after normalisation. */
  pattern: RegExp;
  /** The check inside the number. False is only a warning, never a rejection: old numbers were issued by hand. */
  holds?: (value: string) => boolean;
  unverified?: true;
}

/** Identifiers of entities, old and new. All resolve to the Unified Social Credit Code. */
export const identifierSchemes: readonly IdentifierScheme[] = [
  {
    code: 'USCC',
    name: '统一社会信用代码',
    englishName: 'Unified Social Credit Code (GB 32100-2015)',
    labels: ['统一社会信用代码', '社会信用代码', '信用代码'],
    pattern: /^[0-9A-HJ-NPQRTUWXY]{18}$/,
    holds: (value) => checkUscc(value).status === 'VALID',
  },
  {
    code: 'REGISTRATION_NUMBER',
    name: '工商注册号',
    englishName: 'Registration number of industry and commerce (GS 15-2006)',
    labels: ['工商注册号', '注册号', '工商登记码'],
    pattern: /^\d{15}$/,
    holds: isRegistrationNumber,
  },
  {
    code: 'ORGANISATION_CODE',
    name: '组织机构代码',
    englishName: 'Organisation code (GB 11714)',
    labels: ['组织机构代码'],
    pattern: /^[0-9A-Z]{8}[0-9X]$/,
    holds: (value) => organisationCodeCheck(value.slice(0, 8)) === value[8],
  },
  {
    code: 'TAX_NUMBER',
    name: '税务登记号',
    englishName: 'Tax registration number',
    labels: ['税务登记号', '纳税人识别号'],
    pattern: /^[0-9A-Z]{15,20}$/,
    unverified: true,
  },
  {
    code: 'INSTITUTION_CERTIFICATE',
    name: '事业单位证书号',
    englishName: 'Certificate number of a public institution',
    labels: ['事业单位证书号'],
    pattern: /^\d{12}$/,
  },
  {
    code: 'SOCIAL_ORGANISATION_CERTIFICATE',
    name: '社会组织登记证号',
    englishName: 'Registration certificate number of a social organisation',
    labels: ['社会组织登记证号'],
    pattern: /^[0-9A-Z\u4e00-\u9fff〔〕字第号]{1,50}$/,
    unverified: true,
  },
];

const byCode = new Map(identifierSchemes.map((scheme) => [scheme.code, scheme]));

/** The scheme of a code; null when there is none. */
export function findIdentifierScheme(code: string): IdentifierScheme | null {
  return byCode.get(code) ?? null;
}

export type IdentifierCheck =
  | { status: 'VALID'; value: string; warning: boolean }
  | { status: 'MISSING' }
  | { status: 'INVALID'; reason: 'SCHEME' | 'FORM'; message: string };

/**
 * Normalises an identifier: half width, upper case, no spaces or hyphens. `7152672-6X` and `7152 6726X` name one
 * organisation.
 */
export function normaliseIdentifier(value: string): string {
  return value
    .normalize('NFKC')
    .replace(/[\s\u200b-\u200d\ufeff\u2010-\u2015-]/g, '')
    .toUpperCase();
}

/** Checks a value of a scheme. `warning` states that its own check digit is wrong. */
export function checkIdentifier(schemeCode: string, input: string): IdentifierCheck {
  const scheme = byCode.get(schemeCode);
  if (scheme === undefined) {
    return {
      status: 'INVALID',
      reason: 'SCHEME',
      message: `Known identifier schemes are ${[...byCode.keys()].join(', ')}.`,
    };
  }
  const value = normaliseIdentifier(input);
  if (value === '') return { status: 'MISSING' };
  if (!scheme.pattern.test(value)) {
    return {
      status: 'INVALID',
      reason: 'FORM',
      message: `The value has ${value.length} characters and is not in the form of a ${scheme.englishName}.`,
    };
  }
  return { status: 'VALID', value, warning: scheme.holds !== undefined && !scheme.holds(value) };
}

/** An identifier in its normalised form. */
export interface Identifier {
  readonly scheme: string;
  readonly value: string;
}

/**
 * A tax number of 15 characters: the division of the tax office, six digits, and the organisation code. Unverified: it
 * is the form that tax registration certificates had until 2015, from general knowledge.
 */
const TAX_NUMBER_OF_ORGANISATION = /^\d{6}([0-9A-Z]{8}[0-9X])$/;

/**
 * An identifier with those that it contains, of which each names the same entity: a tax number may be a Unified Social
 * Credit Code (since 2015), or contain the organisation code. Characters 9 to 17 of a code are the organisation code,
 * by which the register finds it (`entity.bearers` in prisma/migrations).
 */
export function derivedIdentifiers({ scheme, value }: Identifier): readonly Identifier[] {
  const given = { scheme, value };
  if (scheme !== 'TAX_NUMBER') return [given];
  const check = checkUscc(value);
  if (check.status === 'VALID') return [given, { scheme: 'USCC', value: check.uscc }];
  const organisationCode = TAX_NUMBER_OF_ORGANISATION.exec(value)?.[1];
  return organisationCode === undefined ? [given] : [given, { scheme: 'ORGANISATION_CODE', value: organisationCode }];
}

/** The organisation code (GB 11714) that a Unified Social Credit Code contains: its characters 9 to 17. */
export const organisationCodeOf = (uscc: string): string => uscc.slice(8, 17);
