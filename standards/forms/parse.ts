import { isPersonNumber } from '#standards/personalNumbers.ts';
import type { Form, FormField, ParsedRecord, RowProblem } from './form.ts';
import { readHeader, type FormHeader } from './header.ts';
import { releasedRowRules, type RowRules } from './rowRules.ts';
import { MAX_CELL, PERSON_ANYWHERE, type RowState, withoutPersonalData } from './rowState.ts';
import { createValueReader } from './valueReaders.ts';

export type RowResult =
  | { ok: true; record: ParsedRecord; warnings: RowProblem[]; additionalFields: Record<string, string> }
  | { ok: false; problems: RowProblem[] };

/** Parses the cells of one row, in the order of its header, by the rules; by those of the release when left out. */
export type RowParser = (cells: readonly string[], rules?: RowRules) => RowResult;

type CellParser = (text: string | null, row: RowState) => void;

const NOTHING = new Set(['', '-', '--', '—', '——', '— —', '—-', '/', '\\', '无', '暂无', 'null', 'NULL', 'N/A']);

/** The trimmed text of a cell, or null for the ways in which files write an empty one. */
export function readCell(text: string): string | null {
  if (text === '') return null;
  const trimmed = text.trim();
  if (trimmed.length <= 4 && NOTHING.has(trimmed)) return null;
  // PostgreSQL text cannot hold NUL.
  return trimmed.includes('\0') ? trimmed.replaceAll('\0', '') || null : trimmed;
}

function cellParser(field: FormField): CellParser {
  const { name, maxLength = MAX_CELL } = field;
  const read = createValueReader(field);
  const rejectsLength = field.rule === 'reject' && !field.unverified;
  const missing: RowProblem = { column: field.column, code: 'MISSING', message: `${field.label} is missing.` };
  const tooLong: RowProblem = {
    column: field.column,
    code: 'TOO_LONG',
    message: `${field.label} has more than ${maxLength} characters.`,
  };
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
    // A placeholder was written in the place of a code.
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
  // V8 treats an object that grew by computed names, and its copies, as a hash table; one that came from JSON it does
  // not.
  const template = JSON.parse(JSON.stringify(blank)) as ParsedRecord;
  const column = (name: string | undefined) => header.fields.find(({ field }) => field.name === name);
  const category = column(form.subjectCategory);
  const personColumn = form.fields.find((field) => field.name === (form.subjectCategory ?? form.subject))?.column ?? '';
  const subjectColumn = form.fields.find((field) => field.name === form.subject)?.column ?? '';

  return (row, rules = releasedRowRules) => {
    if (row.length !== width) {
      return {
        ok: false,
        problems: [
          { column: '', code: 'CELL_COUNT', message: `The row has ${row.length} cells, the header ${width}.` },
        ],
      };
    }
    if (category !== undefined && PERSON_WORDS.test(row[category.index] ?? '')) return outOfScope(personColumn);
    const state: RowState = {
      rules,
      record: { ...template },
      problems: [],
      warnings: [],
      additionalFields: {},
      isPerson: false,
    };
    for (const { index, parse } of cells) parse(readCell(row[index] ?? ''), state);
    if (state.isPerson) return outOfScope(subjectColumn);
    const isNamed = form.oneOf === undefined || form.oneOf.some((name) => state.record[name] !== null);
    // Some files leave the category out: a subject with an identity document and without a code is a natural person.
    if (!isNamed && header.subjectDocument.some((index) => readCell(row[index] ?? '') !== null))
      return outOfScope(personColumn);
    if (!isNamed && !state.problems.some((problem) => problem.column === subjectColumn)) {
      state.problems.push({
        column: subjectColumn,
        code: 'MISSING',
        message: 'No code names the subject: one of the identifier columns is needed.',
      });
    }
    for (const { column: name, index } of header.additional) addAdditional(state, name, readCell(row[index] ?? ''));
    if (state.problems.length === 0) {
      form.check?.(
        state.record,
        (at, code, message) => state.problems.push({ column: at, code, message }),
        (at, code, message) => state.warnings.push({ column: at, code, message }),
        rules,
      );
    }
    if (state.problems.length > 0) return { ok: false, problems: state.problems };
    return { ok: true, record: state.record, warnings: state.warnings, additionalFields: state.additionalFields };
  };
}

function addAdditional(state: RowState, column: string, text: string | null): void {
  if (text === null) return;
  if (text.length > MAX_CELL) {
    state.warnings.push({
      column,
      code: 'TOO_LONG',
      message: `A cell of more than ${MAX_CELL} characters in a column outside the form was dropped.`,
    });
  } else if (PERSON_ANYWHERE.test(text)) {
    // The content of an unknown column is undeclared, so what only looks like a person's number is dropped too, except
    // codes of entities.
    if (state.rules.checkCode(text).status === 'VALID' && !isPersonNumber(text)) state.additionalFields[column] = text;
    else
      state.warnings.push({
        column,
        code: 'PERSONAL_NUMBER_DROPPED',
        message: 'What may be a person’s identity number was dropped.',
      });
  } else state.additionalFields[column] = withoutPersonalData(column, text, state, { before: column });
}

// The lines of one file have the same keys: the parser of the last ones is kept per form.
const lastParsers = new WeakMap<Form, { keys: string; parse: RowParser; warnings: RowProblem[] }>();

/**
 * Parses one row given as an object (a line of NDJSON), by column code, label or English name. Values are texts,
 * numbers, or arrays of them. A column that the form requires and the object lacks is reported with each row.
 */
export function parseRow(form: Form, cells: Record<string, unknown>, rules?: RowRules): RowResult {
  const names = Object.keys(cells);
  const keys = JSON.stringify(names);
  let last = lastParsers.get(form);
  if (last?.keys !== keys) {
    const result = readHeader(form, names);
    if (!result.ok) return { ok: false, problems: result.problems };
    last = { keys, parse: createRowParser(result.header), warnings: result.header.warnings };
    lastParsers.set(form, last);
  }
  const parsed = last.parse(
    names.map((name) => cellText(cells[name])),
    rules,
  );
  return parsed.ok ? { ...parsed, warnings: [...last.warnings, ...parsed.warnings] } : parsed;
}

function cellText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(cellText).join(';');
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : '';
}
