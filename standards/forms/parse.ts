import { parseOfficialDate } from '../dates.ts';
import { isKnownDivision } from '../divisions.ts';
import { normaliseDocumentNumber } from '../documentNumber.ts';
import { checkIdentifier } from '../identifierSchemes.ts';
import { fenFrom10kYuan } from '../money.ts';
import { isPersonNumber, maskPersonalNumbers, type MaskOptions } from '../personalNumbers.ts';
import { checkUscc } from '../uscc.ts';
import type { Form, FormField, ParsedRecord, ProblemCode, RowProblem } from './form.ts';
import { readHeader, type FormHeader } from './header.ts';

export type RowResult =
  | { ok: true; record: ParsedRecord; warnings: RowProblem[]; additionalFields: Record<string, string> }
  | { ok: false; problems: RowProblem[] };

/** Parses the cells of one row, in the order of its header. */
export type RowParser = (cells: readonly string[]) => RowResult;

interface RowState {
  record: ParsedRecord;
  problems: RowProblem[];
  warnings: RowProblem[];
  additionalFields: Record<string, string>;
  /** The row turned out to be about a natural person: nothing of it may be kept or said. */
  isPerson: boolean;
}

type CellParser = (text: string | null, row: RowState) => void;

const MAX_CELL = 20_000;
const NOTHING = new Set(['', '-', '--', '—', '——', '— —', '—-', '/', '\\', '无', '暂无', 'null', 'NULL', 'N/A']);
const PERSON_ANYWHERE = /[1-9]\d{16}[\dXx]/;

/** Trimmed text, or null for the ways in which files write that there is nothing. */
export function readCell(text: string): string | null {
  if (text === '') return null;
  const trimmed = text.trim();
  if (trimmed.length <= 4 && NOTHING.has(trimmed)) return null;
  // PostgreSQL text cannot hold NUL.
  return trimmed.includes('\0') ? trimmed.replaceAll('\0', '') || null : trimmed;
}

/** A short value for a message; nothing that could be a person's or a telephone number. */
function quoted(text: string): string {
  return text.length > 20 || /(?:\d[\s-]?){11}/.test(text.normalize('NFKC')) ? 'The value' : `"${text}"`;
}

function bad(field: FormField, row: RowState, text: string, code: ProblemCode, message: string): void {
  const problem = { column: field.column, code, message };
  if (field.rule === 'reject' || field.strict) {
    row.problems.push(problem);
    return;
  }
  row.warnings.push(problem);
  if (!PERSON_ANYWHERE.test(text)) row.additionalFields[field.column] = withoutPersonNumbers(field.column, text, row, { before: field.label });
}

/** Free text without the numbers of persons; each kind that was found is a warning. */
function withoutPersonNumbers(column: string, text: string, row: RowState, options: MaskOptions): string {
  const masked = maskPersonalNumbers(text, options);
  if (masked === null) return text;
  if (masked.hasIdentityNumber) row.warnings.push({ column, code: 'PERSONAL_NUMBER_DROPPED', message: 'A person’s identity number was masked.' });
  if (masked.hasTelephone) row.warnings.push({ column, code: 'TELEPHONE_MASKED', message: 'A telephone number was masked.' });
  return masked.text;
}

// A name of a unit that is none: 2022-09-31, 京市监罚〔2026〕7号, 第12号, a UUID, 示例双公示系统-2, a code.
const SUSPECT = /^[\d\s年月日/.:：-]+$|[〔【[(（](?:19|20)\d{2}[〕】\])）].*号|^第?[\d-]+号$|^[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$|系统(?:[-—_ ]?\d+)?$|^[0-9A-Z]{15,20}$/i;
const HAS_DIGIT_OR_SYSTEM = /[\d０-９]|系统/;

/** Whether what stands where the name of an authority belongs is a day, a document's number, a UUID, a code or the name of a computer system. */
function isSuspectName(text: string): boolean {
  return HAS_DIGIT_OR_SYSTEM.test(text) && SUSPECT.test(text.normalize('NFKC'));
}

/** What stands after 其他 is free text. */
function otherText(field: FormField, text: string | null, row: RowState): string | null {
  return text === null ? null : withoutPersonNumbers(field.column, text, row, { before: field.label });
}

const WARNING_MESSAGES = {
  ORGANISATION_CODE: 'The inner check digit (position 17, GB 11714) is wrong.',
  DIVISION: 'The division in the code (positions 3 to 8) is not in GB/T 2260 today.',
  CATEGORY: 'The category in the code (positions 1 and 2) is unknown.',
};

// How each type reads a cell that has something in it. Undefined: the cell was bad and has been reported.
function valueReader(field: FormField): (text: string, row: RowState) => unknown {
  const { also } = field;
  const masking: MaskOptions = { isNumber: field.type === 'documentNo' || field.isNumber === true, before: field.label };
  switch (field.type) {
    case 'text':
      return (text, row) => {
        const kept = withoutPersonNumbers(field.column, text, row, masking);
        if (!field.isUnitName || !isSuspectName(kept)) return kept;
        row.warnings.push({ column: field.column, code: 'SUSPECT_NAME', message: `${quoted(kept)} is no name of a unit.` });
        row.additionalFields[field.column] = kept;
        return undefined;
      };
    case 'list':
      return (text, row) =>
        withoutPersonNumbers(field.column, text, row, masking)
          .split(/[;；]/)
          .map(part => part.trim())
          .filter(part => part !== '');
    case 'documentNo':
      return (text, row) => {
        const kept = withoutPersonNumbers(field.column, text, row, masking);
        if (also !== undefined) row.record[also] = normaliseDocumentNumber(kept);
        return kept;
      };
    case 'date':
    case 'dateOrLongTerm':
      return (text, row) => {
        const date = parseOfficialDate(text);
        if (date === null || (date.longTerm && field.type === 'date')) {
          bad(field, row, text, 'BAD_DATE', date === null ? `${quoted(text)} is not a day in the form YYYY/MM/DD that exists.` : `${quoted(text)} stands for long-term, and ${field.label} is a day.`);
          return undefined;
        }
        if (also !== undefined) row.record[also] = date.longTerm;
        return date.day;
      };
    case 'uscc':
      return (text, row) => {
        const isSubject = field.name === 'subjectUscc' || field.name === 'uscc';
        if (text.length >= 18 && isPersonNumber(text.normalize('NFKC').replace(/\s/g, ''))) {
          if (isSubject) row.isPerson = true;
          else bad(field, row, text, 'PERSONAL_NUMBER_DROPPED', 'A person’s identity number stood here.');
          return undefined;
        }
        const check = checkUscc(text);
        if (check.status === 'VALID') {
          if (isSubject && check.warnings.length > 0) {
            for (const code of check.warnings) row.warnings.push({ column: field.column, code, message: WARNING_MESSAGES[code] });
          }
          return check.uscc;
        }
        if (check.status === 'MISSING') return null;
        bad(field, row, text, check.reason, check.message);
        return undefined;
      };
    case 'identifier':
      return (text, row) => {
        if (PERSON_ANYWHERE.test(text)) {
          // The tax number of a self-employed person was made from the person's own number.
          row.warnings.push({ column: field.column, code: 'PERSONAL_NUMBER_DROPPED', message: 'What may be a person’s identity number was dropped.' });
          return null;
        }
        const check = checkIdentifier(field.scheme ?? '', text);
        if (check.status === 'MISSING') return null;
        if (check.status === 'INVALID') {
          bad(field, row, text, 'BAD_IDENTIFIER', check.message);
          return undefined;
        }
        if (check.warning) row.warnings.push({ column: field.column, code: 'CHECK_CHARACTER', message: 'The check digit of the number is wrong.' });
        return check.value;
      };
    case 'money10k':
      return (text, row) => {
        const fen = fenFrom10kYuan(text);
        if (fen === null) {
          bad(field, row, text, 'BAD_MONEY', `${quoted(text)} is not an amount in 万元 with at most six decimals.`);
          return undefined;
        }
        if (also !== undefined) row.record[also] = text;
        return fen;
      };
    case 'decimal':
      return (text, row) => {
        if (/^\d{1,12}(?:\.\d{1,6})?$/.test(text)) return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
        bad(field, row, text, 'BAD_NUMBER', `${quoted(text)} is not a number with at most six decimals.`);
        return undefined;
      };
    case 'code':
      return (text, row) => {
        const value = field.codes?.read(text) ?? null;
        if (value === null) {
          bad(field, row, text, field.unknown ?? 'UNKNOWN_CODE', `${quoted(text)} is not a value of ${field.label}.`);
          return undefined;
        }
        if (also !== undefined) row.record[also] = otherText(field, value.otherText, row);
        return value.code;
      };
    case 'codes':
      return (text, row) => {
        const value = field.codes?.readMany(text) ?? { codes: [], otherText: null, unknown: [text] };
        if (value.unknown.length > 0) {
          bad(field, row, text, 'UNKNOWN_CODE', `${value.unknown.map(quoted).join(', ')} is not a value of ${field.label}.`);
        }
        if (also !== undefined) row.record[also] = otherText(field, value.otherText, row);
        return value.codes.length === 0 ? undefined : value.codes;
      };
    case 'division':
      return (text, row) => {
        if (!/^\d{6}$/.test(text)) {
          bad(field, row, text, 'UNKNOWN_DIVISION', `${quoted(text)} is not a six-digit code of GB/T 2260.`);
          return undefined;
        }
        // Abolished divisions are not in our table and still stand in old records.
        if (!isKnownDivision(text)) row.warnings.push({ column: field.column, code: 'UNKNOWN_DIVISION', message: `${text} is not in GB/T 2260 today.` });
        return text;
      };
    case 'indicators':
      return (text, row) => {
        const parts = text.split(/[;；]/).filter(part => part.trim() !== '');
        const matches = parts.map(part => /^\s*([A-Z][A-Z0-9_]*)\s*[:：]\s*(\d{1,6}(?:\.\d{1,4})?)(?:\/(\d{1,6}(?:\.\d{1,4})?))?\s*$/.exec(part));
        if (matches.includes(null)) {
          bad(field, row, text, 'BAD_FORM', 'Indicators are written CODE:score/max, separated by semicolons.');
          return undefined;
        }
        return matches.map(match => ({ code: match?.[1] ?? '', score: match?.[2] ?? '', max: match?.[3] ?? null }));
      };
  }
}

function cellParser(field: FormField): CellParser {
  const { name, maxLength = MAX_CELL } = field;
  const read = valueReader(field);
  const rejectsLength = field.rule === 'reject' && !field.unverified;
  const missing: RowProblem = { column: field.column, code: 'MISSING', message: `${field.label} is missing.` };
  const tooLong: RowProblem = { column: field.column, code: 'TOO_LONG', message: `${field.label} has more than ${maxLength} characters.` };
  const reportMissing = (row: RowState): void => {
    if (field.rule === 'reject') row.problems.push({ ...missing });
    else if (field.rule === 'warn') row.warnings.push({ ...missing });
  };
  return (text, row) => {
    if (text === null) {
      reportMissing(row);
      return;
    }
    if (text.length > maxLength && Array.from(text).length > maxLength) {
      if (rejectsLength || text.length > MAX_CELL) row.problems.push({ ...tooLong });
      else row.warnings.push({ ...tooLong });
      if (text.length > MAX_CELL) return;
    }
    const value = read(text, row);
    if (value === undefined) return;
    row.record[name] = value;
    // A placeholder was written where a code belongs.
    if (value === null && field.type === 'uscc') reportMissing(row);
  };
}

const PERSON_WORDS = /自然人|^\s*(?:个人|公民)\s*$|NATURAL_PERSON/;

function outOfScope(column: string): RowResult {
  const message = 'The row is about a natural person. Nothing of it is kept.';
  return { ok: false, problems: [{ column, code: 'OUT_OF_SCOPE_NATURAL_PERSON', message }] };
}

/** Makes the parser of the rows under a header. It reads no clock and holds no state between rows. */
export function createRowParser(header: FormHeader): RowParser {
  const { form, width } = header;
  const cells = header.fields.map(({ field, index }) => ({ index, parse: cellParser(field) }));
  const blank: ParsedRecord = {};
  for (const field of form.fields) {
    if (field.dropped) continue;
    blank[field.name] = null;
    if (field.also !== undefined) blank[field.also] = field.type === 'dateOrLongTerm' ? false : null;
  }
  // An object that grew by computed names is a hash table to V8, and so are its copies; one that came from JSON is not.
  const template = JSON.parse(JSON.stringify(blank)) as ParsedRecord;
  const column = (name: string | undefined) => header.fields.find(({ field }) => field.name === name);
  const category = column(form.subjectCategory);
  const personColumn = form.fields.find(field => field.name === (form.subjectCategory ?? form.subject))?.column ?? '';
  const subjectColumn = form.fields.find(field => field.name === form.subject)?.column ?? '';

  return row => {
    if (row.length !== width) {
      return { ok: false, problems: [{ column: '', code: 'CELL_COUNT', message: `The row has ${row.length} cells, the header ${width}.` }] };
    }
    if (category !== undefined && PERSON_WORDS.test(row[category.index] ?? '')) return outOfScope(personColumn);
    const state: RowState = { record: { ...template }, problems: [], warnings: [], additionalFields: {}, isPerson: false };
    for (const { index, parse } of cells) parse(readCell(row[index] ?? ''), state);
    if (state.isPerson) return outOfScope(subjectColumn);
    const isNamed = form.oneOf === undefined || form.oneOf.some(name => state.record[name] !== null);
    // Some files leave the category out: a subject with an identity document and no code is a natural person.
    if (!isNamed && header.subjectDocument.some(index => readCell(row[index] ?? '') !== null)) return outOfScope(personColumn);
    if (!isNamed && !state.problems.some(problem => problem.column === subjectColumn)) {
      state.problems.push({ column: subjectColumn, code: 'MISSING', message: 'No code names the subject: one of the identifier columns is needed.' });
    }
    for (const { column: name, index } of header.additional) addAdditional(state, name, readCell(row[index] ?? ''));
    if (state.problems.length === 0) {
      form.check?.(
        state.record,
        (at, code, message) => state.problems.push({ column: at, code, message }),
        (at, code, message) => state.warnings.push({ column: at, code, message }),
      );
    }
    if (state.problems.length > 0) return { ok: false, problems: state.problems };
    return { ok: true, record: state.record, warnings: state.warnings, additionalFields: state.additionalFields };
  };
}

function addAdditional(state: RowState, column: string, text: string | null): void {
  if (text === null) return;
  if (text.length > MAX_CELL) {
    state.warnings.push({ column, code: 'TOO_LONG', message: `A cell of more than ${MAX_CELL} characters in a column outside the form was dropped.` });
  } else if (PERSON_ANYWHERE.test(text)) {
    // Nobody says what an unknown column holds, so what only looks like a person's number goes too, codes of entities excepted.
    if (checkUscc(text).status === 'VALID' && !isPersonNumber(text)) state.additionalFields[column] = text;
    else state.warnings.push({ column, code: 'PERSONAL_NUMBER_DROPPED', message: 'What may be a person’s identity number was dropped.' });
  } else state.additionalFields[column] = withoutPersonNumbers(column, text, state, { before: column });
}

// The lines of one file have the same keys: the parser of the last ones is kept per form.
const lastParsers = new WeakMap<Form, { keys: string; parse: RowParser; warnings: RowProblem[] }>();

/**
 * Parses one row given as an object (a line of NDJSON), by column code, label or English name. Values are texts, numbers,
 * or arrays of them. A column that the form wants and the object has not is reported with each row.
 */
export function parseRow(form: Form, cells: Record<string, unknown>): RowResult {
  const names = Object.keys(cells);
  const keys = JSON.stringify(names);
  let last = lastParsers.get(form);
  if (last?.keys !== keys) {
    const result = readHeader(form, names);
    if (!result.ok) return { ok: false, problems: result.problems };
    last = { keys, parse: createRowParser(result.header), warnings: result.header.warnings };
    lastParsers.set(form, last);
  }
  const parsed = last.parse(names.map(name => cellText(cells[name])));
  return parsed.ok ? { ...parsed, warnings: [...last.warnings, ...parsed.warnings] } : parsed;
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(cellText).join(';');
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
}
