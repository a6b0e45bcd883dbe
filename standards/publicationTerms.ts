import type { RuleSet, Rules } from './ruleSets.ts';

export type PublicationKind = 'PENALTY_MINOR' | 'PENALTY_GENERAL' | 'PENALTY_SERIOUS' | 'COMPULSION' | 'CONFIRMATION' | 'LEVY' | 'PAYMENT' | 'ADJUDICATION' | 'COMPENSATION' | 'REWARD' | 'INSPECTION' | 'COMMITMENT' | 'JUDICIAL' | 'COMPLAINT';

/** The last day of a publication that has no end of its own: what official forms write for 长期. */
export const LONG_TERM_DAY = '2099-12-31';

const severities = [undefined, 'MINOR', 'GENERAL', 'SERIOUS'] as const; // by the rules' LEVEL

export type Severity = Exclude<(typeof severities)[number], undefined>;

export interface PenaltySeverity {
  readonly severity: Severity;
  /** The rule set that says so of the heaviest category. */
  readonly ruleSet: RuleSet;
}

/** What no category tells of is as grave as 其他. */
const UNTOLD: readonly string[] = ['OTHER'];

/**
 * How grave a penalty of a day 'YYYY-MM-DD' is (轻微、一般、严重): as its heaviest category. Categories that the rules do not know, and none at all,
 * count as OTHER.
 */
export function penaltySeverity(rules: Rules, categories: readonly string[] | null, day: string, region: string | null = null): PenaltySeverity {
  let heaviest = null;
  for (const category of categories?.length ? categories : UNTOLD) {
    const rule = rules.nearest('SEVERITY', category, day, region) ?? rules.nearest('SEVERITY', 'OTHER', day, region);
    if (rule && (heaviest === null || rule.number > heaviest.number)) heaviest = rule;
  }
  const severity = severities[heaviest?.number ?? 0];
  if (heaviest === null || severity === undefined) throw new Error(`standards/data/ruleSets.json has no SEVERITY of OTHER on ${day}`);
  return { severity, ruleSet: heaviest.ruleSet };
}

export interface PublicationTerm {
  /** Last day of publication, inclusive. */
  readonly until: string;
  readonly months: number;
  readonly ruleSet: RuleSet;
  /** The last day that the rules allow at all, for terms that a form gives, and the rule set that says so. */
  readonly latest: string;
  readonly limitedBy: RuleSet;
}

/**
 * The publication term of an act of a day 'YYYY-MM-DD', by the rule set in force on it; days before the first are judged by the first. It is
 * counted from the day of publication where that is known, else from the act's.
 */
export function publicationTerm(rules: Rules, kind: PublicationKind, day: string, region: string | null = null, publishedOn: string = day): PublicationTerm {
  const [term, limit] = [rules.nearest('PUBLICATION_TERM', kind, day, region), rules.nearest('PUBLICATION_TERM', 'TERM_LIMIT', day, region)];
  if (term === null || limit === null) throw new Error(`standards/data/ruleSets.json has no publication term of ${kind} on ${day}`);
  return { until: addMonths(publishedOn, term.number), months: term.number, ruleSet: term.ruleSet, latest: addMonths(publishedOn, limit.number), limitedBy: limit.ruleSet };
}

/**
 * Whether the publication of a penalty ends at its term only where its duties are performed (履行完毕), by the rules of its day. Penalties of
 * market authorities have rules of their own, which go before. What these leave open the general rules say: SAMR Order 107 lets minor and
 * serious ones end by themselves, and of general ones it gives the shortest and the longest term, and not how they end.
 */
export function endNeedsPerformance(rules: Rules, severity: Severity, day: string, region: string | null, isMarket: boolean): boolean {
  const code = `END_NEEDS_PERFORMANCE_${severity}`;
  const rule = (isMarket ? rules.find('MARKET_REPAIR', code, day, region) : null) ?? rules.nearest('PUBLICATION_TERM', code, day, region);
  return rule?.number === 1;
}

// Files write 9999-12-31 for no end; a day after it is no date to anybody.
const LAST_DAY = '9999-12-31';
const dayOf = (time: number): string => {
  const text = new Date(time).toISOString();
  return text.startsWith('+') ? LAST_DAY : text.slice(0, 10);
};

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const lastDateOf = (year: number, month: number): number => (month === 1 && (year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0)) ? 29 : (MONTH_DAYS[month] ?? 31));

/** The same day of a later month, or that month's last: 2026-01-31 and one month is 2026-02-28. Not after 9999-12-31. A filing asks twice a row, and a Date would take 1 µs. */
export function addMonths(day: string, months: number): string {
  const counted = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + months;
  const [year, month, date] = [Math.floor(counted / 12), counted % 12, day.slice(8)];
  if (year > 9999) return LAST_DAY;
  const last = lastDateOf(year, month);
  return `${String(year).padStart(4, '0')}-${month < 9 ? '0' : ''}${month + 1}-${Number(date) > last ? last : date}`;
}

/** Not after 9999-12-31. */
export function addDays(day: string, days: number): string {
  const date = Number(day.slice(8)) + days;
  if (date >= 1 && date <= 28) return `${day.slice(0, 8)}${String(date).padStart(2, '0')}`; // nearly always, and 10 times as fast
  return dayOf(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000);
}
