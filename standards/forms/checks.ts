import type { ParsedRecord, Report } from './form.ts';

/** Warns when a period ends before it begins. Days are 'YYYY-MM-DD' or null. */
export function checkPeriod(record: ParsedRecord, warn: Report, from: string, to: string, column: string): void {
  const start = record[from] as string | null;
  const end = record[to] as string | null;
  if (start !== null && end !== null && end < start)
    warn(column, 'BAD_PERIOD', `The end ${end} lies before the beginning ${start}.`);
}
