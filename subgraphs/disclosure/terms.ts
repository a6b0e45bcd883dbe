import type { RowSurroundings } from '#kit/filing/door.ts';
import { textOf } from '#kit/filing/record.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Form, ParsedRecord } from '#standards/forms/form.ts';
import { isMarketAuthority } from '#standards/marketAuthorities.ts';
import { endNeedsPerformance, LONG_TERM_DAY, penaltySeverity, type PublicationKind, publicationTerm } from '#standards/publicationTerms.ts';
import type { Rules } from '#standards/ruleSets.ts';

/** From when until when a record is published. Days are 'YYYY-MM-DD'. */
export interface Term {
  readonly from: string;
  /** Last day of the term itself. */
  readonly ends: string;
  /** Last day of publication: 'infinity' while it goes on until the duty is performed, as PostgreSQL writes it. */
  readonly until: string;
  /** The rule set that gave the end of the term, and the code of its number; null when the record itself did. */
  readonly ruleSet: string | null;
  readonly rule: string | null;
}

/** What a version says about its publication, beside the fields of its form; kept in its content, without what is null. */
export interface SaidOfPublication {
  readonly publicFrom: string | null;
  /** Null while publication goes on until the duty is performed. */
  readonly publicUntil: string | null;
  /** Where it is not `publicUntil`. */
  readonly termEndsOn: string | null;
  readonly endsWhenPerformed: true | null;
  readonly publicationRuleSet: string | null;
  readonly publicationRule: string | null;
}

export const UNENDING = 'infinity';

const NOT_PUBLISHED: SaidOfPublication = { publicFrom: null, publicUntil: null, termEndsOn: null, endsWhenPerformed: null, publicationRuleSet: null, publicationRule: null };

/** Names under which `sayOfPublication` is kept. */
export const publicationNames = Object.keys(NOT_PUBLISHED);

export function sayOfPublication(term: Term | null): SaidOfPublication {
  if (term === null) return NOT_PUBLISHED;
  const goesOn = term.until === UNENDING;
  return {
    publicFrom: term.from,
    publicUntil: goesOn ? null : term.until,
    termEndsOn: term.ends === term.until ? null : term.ends,
    endsWhenPerformed: goesOn || null,
    publicationRuleSet: term.ruleSet,
    publicationRule: term.rule,
  };
}

/** Counted from the day on the unit's own site where that was filed (公示之日起), else from the day of the act: never from the day of filing, or the same file filed again would be another. */
const beginOf = (record: ParsedRecord, day: string): string => textOf(record, 'ownSiteOn') ?? day;

/** To the end that the form gives, or by rule; what a form gives beyond the rules' longest term is cut to it. */
export function termOf(kind: PublicationKind, record: ParsedRecord, day: string, region: string | null, { rules, warn }: RowSurroundings): Term {
  const from = beginOf(record, day);
  const given = textOf(record, 'publicUntil');
  const { until, latest, ruleSet, limitedBy } = publicationTerm(rules, kind, day, region, from);
  if (given === null) return { from, ends: until, until, ruleSet: ruleSet.id, rule: kind };
  if (given <= latest) return { from, ends: given, until: given, ruleSet: null, rule: null };
  // The penalty's form alone has such a column.
  warn({ column: 'CF_GSJZQ', code: 'TERM_LIMIT', message: `Publication ends on ${latest} at the latest, by ${limitedBy.id}.` });
  return { from, ends: latest, until: latest, ruleSet: limitedBy.id, rule: 'TERM_LIMIT' };
}

/** A licence is published as long as it runs. */
export function licenceTerm(record: ParsedRecord): Term {
  const until = textOf(record, 'validTo') ?? LONG_TERM_DAY;
  return { from: beginOf(record, record['decidedOn'] as string), ends: until, until, ruleSet: null, rule: null }; // no row without it
}

/** A penalty's publication ends at its term by itself, or once its duties are performed, where the rules of its day ask for that (信用修复管理办法). */
export function penaltyTerm(record: ParsedRecord, region: string | null, surroundings: RowSurroundings): Term {
  const decidedOn = record['decidedOn'] as string; // no row without it
  const { severity } = penaltySeverity(surroundings.rules, record['categories'] as string[] | null, decidedOn, region);
  const term = termOf(`PENALTY_${severity}`, record, decidedOn, region, surroundings);
  if (!endNeedsPerformance(surroundings.rules, severity, decidedOn, region, isMarketAuthority(textOf(record, 'authorityName')))) return term;
  const performedOn = textOf(record, 'performedOn');
  return { ...term, until: performedOn === null ? UNENDING : performedOn > term.ends ? performedOn : term.ends };
}

/**
 * Takes days of publication and performance that cannot be, before the decision or after the day of filing, out of the row: they stand among
 * its additional fields, and the row is taken with a warning.
 */
export function createDayCheck({ fields }: Form, now: () => Date): (record: ParsedRecord, surroundings: RowSurroundings) => RowSurroundings {
  const checked = fields.filter(({ name }) => name === 'ownSiteOn' || name === 'performedOn');
  // Asked of the clock only when a day lies after the last one asked for: the day of a million rows is one.
  let today = '';
  const isToCome = (day: string): boolean => day > today && day > (today = shanghaiDay(now()));
  return (record, surroundings) => {
    let { additionalFields } = surroundings;
    for (const { name, column } of checked) {
      const day = textOf(record, name);
      if (day === null || (day >= (record['decidedOn'] as string) && !isToCome(day))) continue; // no row without the day of its decision
      record[name] = null;
      additionalFields = { ...additionalFields, [column]: day };
      surroundings.warn({ column, code: 'BAD_PERIOD', message: `${day} lies before the decision or after today.` });
    }
    return additionalFields === surroundings.additionalFields ? surroundings : { ...surroundings, additionalFields };
  };
}

/** What the end of a term was computed from, as it stands in a version's content. */
export function termInputs(rules: Rules, content: Readonly<Record<string, unknown>>): { name: string; value: string }[] {
  const inputs: { name: string; value: string }[] = [];
  const add = (name: string, value: unknown): void => void (typeof value === 'string' && inputs.push({ name, value }));
  const rule = content['publicationRule'];
  add('publishedFrom', content['publicFrom']);
  add('rule', rule);
  const value = rules.sets.find(({ id }) => id === content['publicationRuleSet'])?.values[String(rule)];
  if (value) add('months', String(value[0]));
  add('performedOn', content['performedOn']);
  return inputs;
}
