import type { Form, FormField, RowProblem } from './form.ts';

export interface FormHeader {
  form: Form;
  /** The number of cells of a row. */
  width: number;
  /** The fields that the file has, with the place of their column. Dropped ones are not among them. */
  fields: { field: FormField; index: number }[];
  /** Fields that the file does not have. */
  absent: FormField[];
  /** Columns the form does not know (a newer edition, a local extra). They go to additionalFields. */
  additional: { column: string; index: number }[];
  /**
   * Columns never kept: kinds and numbers of a natural person's identity document, and why a row was refused before.
   */
  dropped: string[];
  /**
   * The places among them of the subject's own document: filled in a row without a code, it shows that the subject is a
   * natural person.
   */
  subjectDocument: number[];
  /** MISSING_COLUMN for each column that a row should have and can do without. */
  warnings: RowProblem[];
}

export type HeaderResult = { ok: true; header: FormHeader } | { ok: false; problems: RowProblem[]; unknown: string[] };

const PERSONAL = /ZJHM|ZJLX|SFZ|身份证|证件号|证件类型|公民身份|护照|通行证|居留证/i;

/**
 * The columns that a file of refused rows has besides its own. The file is corrected and filed as it is, and these
 * columns are left out.
 */
export const rejectionColumns = ['REJECTED_ROW', 'REJECTED_BECAUSE'] as const;

const isRejection = (column: string): boolean => rejectionColumns.some((each) => each === spelling(column));

/** Whether a file is one that we wrote of refused rows: its header has one of `rejectionColumns`. */
export const isRejectedFile = (columns: readonly string[]): boolean => columns.some(isRejection);

function spelling(header: string): string {
  return header
    .normalize('NFKC')
    .replace(/[\s\u200b-\u200d\ufeff]/g, '')
    .toUpperCase();
}

/**
 * Maps the header of a file (or the keys of an object) to a form. A column is named by its code, its Chinese label, an
 * older spelling of either, or our English field name. Problems name the columns that are missing or there twice.
 */
export function readHeader(form: Form, given: readonly string[]): HeaderResult {
  const columns = given.map((column) => column.replaceAll('\0', '')); // as of cells: PostgreSQL text cannot hold it
  const known = new Map<string, FormField>();
  for (const field of form.fields.toReversed()) {
    for (const name of [...(field.aliases ?? []), field.name, field.label, field.column])
      known.set(spelling(name), field);
  }
  const header: FormHeader = {
    form,
    width: columns.length,
    fields: [],
    absent: [],
    additional: [],
    dropped: [],
    subjectDocument: [],
    warnings: [],
  };
  const problems: RowProblem[] = [];
  const seen = new Set<FormField>();
  columns.forEach((column, index) => {
    const field = known.get(spelling(column));
    if (field === undefined) {
      if (isRejection(column) || PERSONAL.test(column)) header.dropped.push(column);
      else if (column.trim() !== '') header.additional.push({ column: column.trim(), index });
      return;
    }
    if (seen.has(field)) {
      problems.push({
        column: field.column,
        code: 'DUPLICATE_COLUMN',
        message: `The column ${field.column} (${field.label}) is there twice.`,
      });
    }
    seen.add(field);
    if (field.dropped) {
      header.dropped.push(column);
      if (field.name === 'subjectDocumentNumber') header.subjectDocument.push(index);
    } else header.fields.push({ field, index });
  });
  // In the order of the form: warnings and records do not depend on the order of a file's columns.
  const order = new Map(form.fields.map((field, place) => [field, place]));
  header.fields.sort((a, b) => (order.get(a.field) ?? 0) - (order.get(b.field) ?? 0));
  for (const field of form.fields) {
    if (field.dropped || seen.has(field)) continue;
    header.absent.push(field);
    if (field.rule === 'optional') continue;
    const problem: RowProblem = {
      column: field.column,
      code: 'MISSING_COLUMN',
      message: `There is no column ${field.column} (${field.label}).`,
    };
    (field.rule === 'reject' ? problems : header.warnings).push(problem);
  }
  if (form.oneOf !== undefined && !header.fields.some(({ field }) => form.oneOf?.includes(field.name))) {
    const wanted = form.fields.filter((field) => form.oneOf?.includes(field.name)).map((field) => field.column);
    problems.push({
      column: wanted[0] ?? '',
      code: 'MISSING_COLUMN',
      message: `One of the columns ${wanted.join(', ')} is needed.`,
    });
  }
  if (problems.length > 0) return { ok: false, problems, unknown: header.additional.map(({ column }) => column) };
  return { ok: true, header };
}
