import { parseOfficialDate } from '#standards/dates.ts';
import { isKnownDivision } from '#standards/divisions.ts';
import { normaliseDocumentNumber } from '#standards/documentNumber.ts';
import { checkIdentifier } from '#standards/identifierSchemes.ts';
import { fenFrom10kYuan } from '#standards/money.ts';
import type { PersonalDataOptions } from '#standards/personalData.ts';
import { isPersonNumber } from '#standards/personalNumbers.ts';
import type { FieldType, FormField } from './form.ts';
import { PERSON_ANYWHERE, quoted, reportBad, type RowState, withoutPersonalData } from './rowState.ts';

/**
 * Reads a cell that is not empty and returns the value in the type of its field (FieldType). It also sets what the
 * field is read into besides (`also`) and reports what it finds. It returns undefined for a bad cell, which it has
 * reported.
 */
export type ValueReader = (text: string, row: RowState) => unknown;

// What is not the name of a unit: 2022-09-31, 京市监罚〔2026〕7号, 第12号, a UUID, 示例双公示系统-2, a code.
const SUSPECT = new RegExp(
  [
    /^[\d\s年月日/.:：-]+$/,
    /[〔【[(（](?:19|20)\d{2}[〕】\])）].*号/,
    /^第?[\d-]+号$/,
    /^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/,
    /系统(?:[-—_ ]?\d+)?$/,
    /^[0-9A-Z]{15,20}$/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);
const HAS_DIGIT_OR_SYSTEM = /[\d０-９]|系统/;

/**
 * Whether the text in the place of an authority's name is a day, a document's number, a UUID, a code or the name of a
 * computer system.
 */
function isSuspectName(text: string): boolean {
  return HAS_DIGIT_OR_SYSTEM.test(text) && SUSPECT.test(text.normalize('NFKC'));
}

/** The text after 其他 is free text. */
function otherText(field: FormField, text: string | null, row: RowState): string | null {
  return text === null ? null : withoutPersonalData(field.column, text, row, { before: field.label });
}

const searchOf = (field: FormField): PersonalDataOptions => ({
  isNumber: field.type === 'documentNo' || field.isNumber === true,
  before: field.label,
});

function textReader(field: FormField): ValueReader {
  const search = searchOf(field);
  return (text, row) => {
    const kept = withoutPersonalData(field.column, text, row, search);
    if (!field.isUnitName || !isSuspectName(kept)) return kept;
    row.warnings.push({
      column: field.column,
      code: 'SUSPECT_NAME',
      message: `${quoted(kept)} is no name of a unit.`,
    });
    row.additionalFields[field.column] = kept;
    return undefined;
  };
}

function listReader(field: FormField): ValueReader {
  const search = searchOf(field);
  return (text, row) =>
    withoutPersonalData(field.column, text, row, search)
      .split(/[;；]/)
      .map((part) => part.trim())
      .filter((part) => part !== '');
}

function documentNumberReader(field: FormField): ValueReader {
  const search = searchOf(field);
  const { also } = field;
  return (text, row) => {
    const kept = withoutPersonalData(field.column, text, row, search);
    if (also !== undefined) row.record[also] = normaliseDocumentNumber(kept);
    return kept;
  };
}

function dateReader(field: FormField): ValueReader {
  const { also } = field;
  return (text, row) => {
    const date = parseOfficialDate(text);
    if (date === null || (date.longTerm && field.type === 'date')) {
      reportBad(
        field,
        row,
        text,
        'BAD_DATE',
        date === null
          ? `${quoted(text)} is not a day in the form YYYY/MM/DD that exists.`
          : `${quoted(text)} stands for long-term, and ${field.label} is a day.`,
      );
      return undefined;
    }
    if (also !== undefined) row.record[also] = date.longTerm;
    return date.day;
  };
}

const WARNING_MESSAGES = {
  CHECK_CHARACTER: 'The check character (position 18) does not fit; the registry confirmed that it issued this code.',
  ORGANISATION_CODE: 'The inner check digit (position 17, GB 11714) is wrong.',
  DIVISION: 'The division in the code (positions 3 to 8) is not in GB/T 2260 today.',
  CATEGORY: 'The category in the code (positions 1 and 2) is unknown.',
};

function usccReader(field: FormField): ValueReader {
  return (text, row) => {
    const isSubject = field.name === 'subjectUscc' || field.name === 'uscc';
    if (text.length >= 18 && isPersonNumber(text.normalize('NFKC').replace(/\s/g, ''))) {
      if (isSubject) row.isPerson = true;
      else reportBad(field, row, text, 'PERSONAL_NUMBER_DROPPED', 'A person’s identity number stood here.');
      return undefined;
    }
    const check = row.rules.checkCode(text);
    if (check.status === 'VALID') {
      for (const code of check.warnings) {
        if (isSubject || code === 'CHECK_CHARACTER')
          row.warnings.push({ column: field.column, code, message: WARNING_MESSAGES[code] });
      }
      return check.uscc;
    }
    if (check.status === 'MISSING') return null;
    reportBad(field, row, text, check.reason, check.message);
    return undefined;
  };
}

function identifierReader(field: FormField): ValueReader {
  return (text, row) => {
    if (PERSON_ANYWHERE.test(text)) {
      // The tax number of a self-employed person was made from the person's own number.
      row.warnings.push({
        column: field.column,
        code: 'PERSONAL_NUMBER_DROPPED',
        message: 'What may be a person’s identity number was dropped.',
      });
      return null;
    }
    const check = checkIdentifier(field.scheme ?? '', text);
    if (check.status === 'MISSING') return null;
    if (check.status === 'INVALID') {
      reportBad(field, row, text, 'BAD_IDENTIFIER', check.message);
      return undefined;
    }
    if (check.warning)
      row.warnings.push({
        column: field.column,
        code: 'CHECK_CHARACTER',
        message: 'The check digit of the number is wrong.',
      });
    return check.value;
  };
}

function moneyReader(field: FormField): ValueReader {
  const { also } = field;
  return (text, row) => {
    const fen = fenFrom10kYuan(text);
    if (fen === null) {
      reportBad(field, row, text, 'BAD_MONEY', `${quoted(text)} is not an amount in 万元 with at most six decimals.`);
      return undefined;
    }
    if (also !== undefined) row.record[also] = text;
    return fen;
  };
}

function decimalReader(field: FormField): ValueReader {
  return (text, row) => {
    if (/^\d{1,12}(?:\.\d{1,6})?$/.test(text)) return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
    reportBad(field, row, text, 'BAD_NUMBER', `${quoted(text)} is not a number with at most six decimals.`);
    return undefined;
  };
}

/** What is no code of the field's list, with the nearest that are. */
function unknownCode({ label, codes }: FormField, texts: readonly string[]): string {
  const nearest = [...new Set(texts.flatMap((text) => codes?.nearest(text) ?? []))].slice(0, 3);
  const instead = nearest.length === 0 ? '' : ` The nearest are ${nearest.join(', ')}.`;
  return `${texts.map(quoted).join(', ')} is not a value of ${label}.${instead}`;
}

function codeReader(field: FormField): ValueReader {
  const { also } = field;
  return (text, row) => {
    const value = field.codes?.read(text) ?? null;
    if (value === null) {
      const added = field.addedCode?.(text, row.rules) ?? null;
      if (added !== null) return added;
      reportBad(field, row, text, field.unknown ?? 'UNKNOWN_CODE', unknownCode(field, [text]));
      return undefined;
    }
    if (also !== undefined) row.record[also] = otherText(field, value.otherText, row);
    return value.code;
  };
}

function codesReader(field: FormField): ValueReader {
  const { also } = field;
  return (text, row) => {
    const value = field.codes?.readMany(text) ?? { codes: [], otherText: null, unknown: [text] };
    if (value.unknown.length > 0) {
      reportBad(field, row, text, 'UNKNOWN_CODE', unknownCode(field, value.unknown));
    }
    if (also !== undefined) row.record[also] = otherText(field, value.otherText, row);
    return value.codes.length === 0 ? undefined : value.codes;
  };
}

function divisionReader(field: FormField): ValueReader {
  return (text, row) => {
    if (!/^\d{6}$/.test(text)) {
      reportBad(field, row, text, 'UNKNOWN_DIVISION', `${quoted(text)} is not a six-digit code of GB/T 2260.`);
      return undefined;
    }
    // Abolished divisions are not in our table but still occur in old records.
    if (!isKnownDivision(text))
      row.warnings.push({
        column: field.column,
        code: 'UNKNOWN_DIVISION',
        message: `${text} is not in GB/T 2260 today.`,
      });
    return text;
  };
}

function indicatorsReader(field: FormField): ValueReader {
  return (text, row) => {
    const parts = text.split(/[;；]/).filter((part) => part.trim() !== '');
    const matches = parts.map((part) =>
      /^\s*([A-Z][A-Z0-9_]*)\s*[:：]\s*(\d{1,6}(?:\.\d{1,4})?)(?:\/(\d{1,6}(?:\.\d{1,4})?))?\s*$/.exec(part),
    );
    if (matches.includes(null)) {
      reportBad(field, row, text, 'BAD_FORM', 'Indicators are written CODE:score/max, separated by semicolons.');
      return undefined;
    }
    return matches.map((match) => ({ code: match?.[1] ?? '', score: match?.[2] ?? '', max: match?.[3] ?? null }));
  };
}

const readers: Readonly<Record<FieldType, (field: FormField) => ValueReader>> = {
  text: textReader,
  list: listReader,
  documentNo: documentNumberReader,
  date: dateReader,
  dateOrLongTerm: dateReader,
  uscc: usccReader,
  identifier: identifierReader,
  money10k: moneyReader,
  decimal: decimalReader,
  code: codeReader,
  codes: codesReader,
  division: divisionReader,
  indicators: indicatorsReader,
};

/** Creates the reader of a field's cells. It holds no state: one reader serves all rows of a file. */
export const createValueReader = (field: FormField): ValueReader => readers[field.type](field);
