import type { Rule, RuleSet, Rules } from './ruleSets.ts';

export type PublicationKind =
  | 'PENALTY_MINOR'
  | 'PENALTY_GENERAL'
  | 'PENALTY_SERIOUS'
  | 'COMPULSION'
  | 'CONFIRMATION'
  | 'LEVY'
  | 'PAYMENT'
  | 'ADJUDICATION'
  | 'COMPENSATION'
  | 'REWARD'
  | 'INSPECTION'
  | 'COMMITMENT'
  | 'JUDICIAL'
  | 'COMPLAINT';

/** The last day of a publication that has no end of its own: what official forms write for 长期. */
export const LONG_TERM_DAY = '2099-12-31';
/** The last day of a publication that goes on until something ends it, as PostgreSQL writes it. */
export const UNENDING = 'infinity';

const severities = [undefined, 'MINOR', 'GENERAL', 'SERIOUS'] as const; // by the rules' LEVEL

export type Severity = Exclude<(typeof severities)[number], undefined>;

/** What a penalty is judged by. Days are 'YYYY-MM-DD'. */
export interface PenaltyFacts {
  readonly decidedOn: string;
  readonly categories: readonly string[] | null;
  /** 'SIMPLE' or 'ORDINARY' (简易程序、普通程序); null where it was not filed. */
  readonly procedure: string | null;
  readonly fineFen: bigint | string | null;
  /** The province whose pilots apply; null: none. */
  readonly region: string | null;
  /** Whether a market authority decided: what MARKET_REPAIR says of its penalties goes first. */
  readonly isMarket: boolean;
}

export interface PenaltySeverity {
  readonly severity: Severity;
  /** The rule set that grades the penalty. */
  readonly ruleSet: RuleSet;
}

/** A penalty without a category is as grave as 其他. */
const WITHOUT_CATEGORY: readonly string[] = ['OTHER'];
const SERIOUS_LEVEL = severities.indexOf('SERIOUS');

/**
 * The severity of a penalty (轻微、一般、严重) by the rules of a day: that of its heaviest category. Categories that the rules
 * do not know, and a penalty without any, count as OTHER. Where the rules say so, a very large fine is serious, and
 * what was decided by simple procedure is minor unless one of its categories is serious.
 * @param day the day of the decision when left out
 * @throws Error where the rules do not even grade OTHER on that day
 */
export function penaltySeverity(
  rules: Rules,
  { decidedOn, categories, procedure, fineFen, region }: Omit<PenaltyFacts, 'isMarket'>,
  day: string = decidedOn,
): PenaltySeverity {
  let grade: Rule | null = null;
  for (const category of categories?.length ? categories : WITHOUT_CATEGORY) {
    const rule = rules.nearest('SEVERITY', category, day, region) ?? rules.nearest('SEVERITY', 'OTHER', day, region);
    if (rule && (grade === null || rule.number > grade.number)) grade = rule;
  }
  if (grade !== null && grade.number < SERIOUS_LEVEL) {
    const large = fineFen === null ? null : rules.find('SEVERITY', 'VERY_LARGE_FINE', day, region);
    if (large !== null && BigInt(fineFen ?? 0) >= BigInt(large.number) * 100n)
      grade = { ...large, number: SERIOUS_LEVEL };
    else if (procedure === 'SIMPLE') grade = rules.find('SEVERITY', 'SIMPLE_PROCEDURE', day, region) ?? grade;
  }
  const severity = severities[grade?.number ?? 0];
  if (grade === null || severity === undefined)
    throw new Error(`standards/data/ruleSets.json has no SEVERITY of OTHER on ${day}`);
  return { severity, ruleSet: grade.ruleSet };
}

export interface PublicationTerm {
  /** The day from which the term is counted. */
  readonly starts: string;
  /** Last day of publication, inclusive. */
  readonly until: string;
  readonly months: number;
  readonly ruleSet: RuleSet;
}

/**
 * The publication term of an act of a day 'YYYY-MM-DD', by the rule set in force on that day; days before the first
 * rule set are judged by the first. The rule set says whether the term is counted from the day of the act or from the
 * day of publication, where that is known.
 * @throws Error where the rules have no term for the kind on that day
 */
export function publicationTerm(
  rules: Rules,
  kind: PublicationKind,
  day: string,
  region: string | null = null,
  publishedOn: string = day,
): PublicationTerm {
  const term = rules.nearest('PUBLICATION_TERM', kind, day, region);
  if (term === null) throw new Error(`standards/data/ruleSets.json has no publication term of ${kind} on ${day}`);
  const starts = countsFromDecision(rules, day, region, false) ? day : publishedOn;
  return { starts, until: addMonths(starts, term.number), months: term.number, ruleSet: term.ruleSet };
}

/** The publication of a penalty. Days are 'YYYY-MM-DD'. */
export interface PenaltyPublication {
  readonly severity: Severity;
  /** False: in principle not published (原则上不公示). If it is published for a stated need, then for this term. */
  readonly isPublished: boolean;
  /** The day from which the term is counted. */
  readonly starts: string;
  /** Last day of the term. */
  readonly ends: string;
  /** Publication goes on after the term until the duty is performed, by the authority's own rules. */
  readonly endNeedsPerformance: boolean;
  /** The code of the rule that set the end, and its rule set; null where the authority stated the end. */
  readonly rule: string | null;
  readonly ruleSet: RuleSet | null;
}

/**
 * How a penalty is published, by the rules of the day of its decision, or by later ones that say that they go first for
 * earlier penalties where they are more lenient: the one by which it ends first. The end that the authority stated is
 * kept within the shortest and the longest term of the class; without it publication ends with the rule's own term.
 * @param publishedOn the day on the unit's own site; the day of the decision where it is not known
 * @param statedUntil the end that the authority stated; null: none
 * @throws Error where the rules have no term on a day
 */
export function penaltyPublication(
  rules: Rules,
  facts: PenaltyFacts,
  publishedOn: string,
  statedUntil: string | null,
  today: string,
): PenaltyPublication {
  let chosen = penaltyPublicationBy(rules, facts.decidedOn, facts, publishedOn, statedUntil);
  for (const { effectiveFrom, region } of rules.moreLenient(facts.decidedOn, today)) {
    if (region !== null && region !== facts.region) continue;
    const other = penaltyPublicationBy(rules, effectiveFrom, facts, publishedOn, statedUntil);
    if (lastDayOf(other) < lastDayOf(chosen)) chosen = other;
  }
  return chosen;
}

/** For comparing: what is not published ends before everything that is, and what goes on ends after everything. */
const lastDayOf = ({ isPublished, ends, endNeedsPerformance }: PenaltyPublication): string =>
  isPublished ? (endNeedsPerformance ? '~' : ends) : '';

/** The same by the rules of one day. */
function penaltyPublicationBy(
  rules: Rules,
  day: string,
  facts: PenaltyFacts,
  publishedOn: string,
  statedUntil: string | null,
): PenaltyPublication {
  const { region, isMarket, decidedOn } = facts;
  const { severity } = penaltySeverity(rules, facts, day);
  const find = (code: string): Rule | null =>
    (isMarket ? rules.find('MARKET_REPAIR', code, day, region) : null) ??
    rules.nearest('PUBLICATION_TERM', code, day, region);
  const [term, shortest, longest] = [`PENALTY_${severity}`, `MINIMUM_${severity}`, `MAXIMUM_${severity}`].map(find);
  if (!term || !shortest || !longest)
    throw new Error(`standards/data/ruleSets.json has no publication term of ${severity} penalties on ${day}`);
  const starts = countsFromDecision(rules, day, region, isMarket) ? decidedOn : publishedOn;
  const [earliest, latest] = [addMonths(starts, shortest.number), addMonths(starts, longest.number)];
  const byRule = addMonths(starts, Math.min(term.number, longest.number));
  const ended = (ends: string, rule: string | null, ruleSet: RuleSet | null): PenaltyPublication => ({
    severity,
    isPublished: find(`PUBLISHED_${severity}`)?.number !== 0,
    starts,
    ends,
    endNeedsPerformance: find(`END_NEEDS_PERFORMANCE_${severity}`)?.number === 1,
    rule,
    ruleSet,
  });
  if (statedUntil === null) return ended(byRule, `PENALTY_${severity}`, term.ruleSet);
  if (statedUntil < earliest) return ended(earliest, `MINIMUM_${severity}`, shortest.ruleSet);
  if (statedUntil > latest) return ended(latest, `MAXIMUM_${severity}`, longest.ruleSet);
  return ended(statedUntil, null, null);
}

function countsFromDecision(rules: Rules, day: string, region: string | null, isMarket: boolean): boolean {
  const rule =
    (isMarket ? rules.find('MARKET_REPAIR', 'FROM_DECISION', day, region) : null) ??
    rules.nearest('PUBLICATION_TERM', 'FROM_DECISION', day, region);
  return rule?.number !== 0;
}

// Files write 9999-12-31 for no end; no date follows it.
const LAST_DAY = '9999-12-31';
const dayOf = (time: number): string => {
  const text = new Date(time).toISOString();
  return text.startsWith('+') ? LAST_DAY : text.slice(0, 10);
};

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const lastDateOf = (year: number, month: number): number =>
  month === 1 && (year % 400 === 0 || (year % 4 === 0 && year % 100 !== 0)) ? 29 : (MONTH_DAYS[month] ?? 31);

/**
 * The same day of a later month, or that month's last: 2026-01-31 and one month is 2026-02-28. Not after 9999-12-31. A
 * filing calls it twice a row, and a Date would take 1 µs.
 */
export function addMonths(day: string, months: number): string {
  const counted = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1 + months;
  const [year, month, date] = [Math.floor(counted / 12), counted % 12, day.slice(8)];
  if (year > 9999) return LAST_DAY;
  const last = lastDateOf(year, month);
  return `${String(year).padStart(4, '0')}-${month < 9 ? '0' : ''}${month + 1}-${Number(date) > last ? last : date}`;
}

/** The day that is `days` calendar days after `day`, both 'YYYY-MM-DD', but not after 9999-12-31. */
export function addDays(day: string, days: number): string {
  const date = Number(day.slice(8)) + days;
  // This is nearly always the case, and 10 times as fast.
  if (date >= 1 && date <= 28) return `${day.slice(0, 8)}${String(date).padStart(2, '0')}`;
  return dayOf(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000);
}
