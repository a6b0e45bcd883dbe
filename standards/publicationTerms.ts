import table from './data/ruleSets.json' with { type: 'json' };
import { type RuleSet, ruleSets } from './ruleSets.ts';

export type PublicationKind = 'PENALTY_MINOR' | 'PENALTY_GENERAL' | 'PENALTY_SERIOUS' | 'COMPULSION' | 'CONFIRMATION' | 'LEVY' | 'PAYMENT' | 'ADJUDICATION' | 'COMPENSATION' | 'REWARD' | 'INSPECTION' | 'COMMITMENT';

/** The last day of a publication that has no end of its own: what official forms write for 长期. */
export const LONG_TERM_DAY = '2099-12-31';

const [minor, serious] = [new Set(table.penaltySeverity.MINOR), new Set(table.penaltySeverity.SERIOUS)];

/** Which term a penalty has: that of its heaviest category. Unknown categories count as general. */
export function penaltyPublicationKind(categories: readonly string[] | null): PublicationKind {
  if (categories?.some(category => serious.has(category))) return 'PENALTY_SERIOUS';
  return categories !== null && categories.length > 0 && categories.every(category => minor.has(category)) ? 'PENALTY_MINOR' : 'PENALTY_GENERAL';
}

export interface PublicationTerm {
  /** Last day of publication, inclusive. */
  until: string;
  /** The last day that the rule set allows at all, for terms that a form gives. */
  latest: string;
  /** Id of the rule set in data/ruleSets.json. */
  ruleSet: string;
}

const terms = ruleSets.filter(({ kind, region }) => kind === 'PUBLICATION_TERM' && region === null);

/** The publication term of an act of a day 'YYYY-MM-DD', by the rule set in force on it; days before the first are judged by the first. */
export function publicationTerm(kind: PublicationKind, day: string, sets: readonly RuleSet[] = terms): PublicationTerm {
  const rules = sets.findLast(({ effectiveFrom }) => effectiveFrom <= day) ?? sets[0];
  const [term, limit] = [rules?.values[kind], rules?.values['TERM_LIMIT']];
  if (rules === undefined || term === undefined || limit === undefined) throw new Error(`standards/data/ruleSets.json has no publication term of ${kind} on ${day}`);
  return { until: addMonths(day, term[0]), latest: addMonths(day, limit[0]), ruleSet: rules.id };
}

// Files write 9999-12-31 for no end; a day after it is no date to anybody.
const LAST_DAY = '9999-12-31';
const dayOf = (time: number): string => {
  const text = new Date(time).toISOString();
  return text.startsWith('+') ? LAST_DAY : text.slice(0, 10);
};

/** The same day of a later month, or that month's last: 2026-01-31 and one month is 2026-02-28. Not after 9999-12-31. */
export function addMonths(day: string, months: number): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]; // a day has three parts
  const lastDate = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return dayOf(Date.UTC(year, month - 1 + months, Math.min(date, lastDate)));
}

/** Not after 9999-12-31. */
export function addDays(day: string, days: number): string {
  const date = Number(day.slice(8)) + days;
  if (date >= 1 && date <= 28) return `${day.slice(0, 8)}${String(date).padStart(2, '0')}`; // nearly always, and 10 times as fast
  return dayOf(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000);
}
