import { organisationCodeOf } from '#standards/identifierSchemes.ts';
import { columnOf, type Form, type ParsedRecord, type Report, type RowProblem } from './form.ts';

/** Warns when a period ends before it begins. Days are 'YYYY-MM-DD' or null. */
export function checkPeriod(record: ParsedRecord, warn: Report, from: string, to: string, column: string): void {
  const start = record[from] as string | null;
  const end = record[to] as string | null;
  if (start !== null && end !== null && end < start)
    warn(column, 'BAD_PERIOD', `The end ${end} lies before the beginning ${start}.`);
}

/** The warning of an organisation code that is not the one in the subject's code; null where both fit, or one lacks. */
export function organisationCodeWarning(form: Form, record: ParsedRecord): RowProblem | null {
  const [uscc, own] = [record[form.subject], record['organisationCode']] as (string | null | undefined)[];
  if (!uscc || !own || own === organisationCodeOf(uscc)) return null;
  return {
    column: columnOf(form, 'organisationCode'),
    code: 'ORGANISATION_CODE',
    message: `The organisation code is ${own}, and ${organisationCodeOf(uscc)} in the code ${uscc}.`,
  };
}
