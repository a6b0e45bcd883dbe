import { findPersonalData, maskSpans, type PersonalDataOptions } from '#standards/personalData.ts';
import { type PersonalDataKind, personalDataKinds } from '#standards/textSearch.ts';
import type { FormField, ParsedRecord, ProblemCode, RowProblem } from './form.ts';
import type { RowRules } from './rowRules.ts';

/** A row while its cells are read. */
export interface RowState {
  readonly rules: RowRules;
  record: ParsedRecord;
  problems: RowProblem[];
  warnings: RowProblem[];
  additionalFields: Record<string, string>;
  /** The row turned out to be about a natural person: nothing of it may be kept or repeated. */
  isPerson: boolean;
}

/** Longest text of a cell, in characters, that is kept at all. */
export const MAX_CELL = 20_000;
/** What has the form of a person's identity number of 18 characters, wherever it stands. */
export const PERSON_ANYWHERE = /[1-9]\d{16}[\dXx]/;

/** A short value for a message, unless it could be personal data. */
export function quoted(text: string): string {
  const isPersonal =
    text.length > 20 || /(?:\d[\s-]?){11}/.test(text.normalize('NFKC')) || findPersonalData(text).length > 0;
  return isPersonal ? 'The value' : `"${text}"`;
}

/**
 * Reports a cell that could not be read: as a problem where the form requires the field, else as a warning, and the
 * text is kept beside the record unless it may be the number of a person.
 */
export function reportBad(field: FormField, row: RowState, text: string, code: ProblemCode, message: string): void {
  const problem = { column: field.column, code, message };
  if (field.rule === 'reject' || field.strict) {
    row.problems.push(problem);
    return;
  }
  row.warnings.push(problem);
  if (!PERSON_ANYWHERE.test(text))
    row.additionalFields[field.column] = withoutPersonalData(field.column, text, row, { before: field.label });
}

/** What a warning says of each kind that is masked; two kinds have codes of their own. */
const MASKED: Readonly<Record<PersonalDataKind, readonly [code: ProblemCode, what: string]>> = {
  IDENTITY_NUMBER: ['PERSONAL_NUMBER_DROPPED', 'A person’s identity number'],
  TELEPHONE: ['TELEPHONE_MASKED', 'A telephone number'],
  BANK_CARD: ['PERSONAL_DATA_MASKED', 'A bank card or a person’s account'],
  PASSPORT: ['PERSONAL_DATA_MASKED', 'A passport number'],
  EMAIL: ['PERSONAL_DATA_MASKED', 'An e-mail address'],
  MESSENGER: ['PERSONAL_DATA_MASKED', 'A name in a messenger'],
  PERSON_ADDRESS: ['PERSONAL_DATA_MASKED', 'The house number in a person’s address'],
};

/**
 * Free text with `*` in the place of personal data (findPersonalData); each kind that was found is a warning. An
 * address that may be a unit's stays as it is, and its warning asks the unit to look at it.
 */
export function withoutPersonalData(column: string, text: string, row: RowState, options: PersonalDataOptions): string {
  const spans = findPersonalData(text, options);
  if (spans.length === 0) return text;
  const kinds = new Set(spans.flatMap(({ kind, isCertain }) => (isCertain ? [kind] : [])));
  for (const kind of personalDataKinds.filter((each) => kinds.has(each))) {
    const [code, what] = MASKED[kind];
    row.warnings.push({ column, code, message: `${what} was masked.` });
  }
  if (spans.some(({ isCertain }) => !isCertain))
    row.warnings.push({
      column,
      code: 'PERSON_ADDRESS',
      message: 'This may be the home address of a person. If it is, file the row without it.',
    });
  return maskSpans(text, spans);
}
