import type { RowSurroundings } from '#records/filing/intake.ts';
import { textOf } from '#records/filing/record.ts';
import type { Form, ParsedRecord } from '#standards/forms/form.ts';
import { isMarketAuthority } from '#standards/marketAuthorities.ts';
import {
  LONG_TERM_DAY,
  type PenaltyFacts,
  type PenaltyPublication,
  penaltyPublication,
  type PublicationKind,
  publicationTerm,
  UNENDING,
} from '#standards/publicationTerms.ts';
import type { Rules } from '#standards/ruleSets.ts';

/** The first and last day of a record's publication. Days are 'YYYY-MM-DD'. */
export interface Term {
  readonly from: string;
  /** The day from which the term is counted. */
  readonly starts: string;
  /** Last day of the term itself. */
  readonly ends: string;
  /**
   * Last day of publication: 'infinity', as PostgreSQL writes it, while publication goes on until the duty is
   * performed.
   */
  readonly until: string;
  /** The rule set that set the end of the term, and the code of its number. Null when the record itself has the end. */
  readonly ruleSet: string | null;
  readonly rule: string | null;
  /** Left out: it is published. In principle not published (原则上不公示): only where the unit states the need. */
  readonly isWithheld?: boolean;
}

/**
 * The statements of a version about its publication, beside the fields of its form. They are kept in its content,
 * without nulls.
 */
export interface PublicationStatement {
  readonly publicFrom: string | null;
  /** Null while publication goes on until the duty is performed. */
  readonly publicUntil: string | null;
  /** Set only when it differs from `publicFrom`. */
  readonly termStartsOn: string | null;
  /** Set only when it differs from `publicUntil`. */
  readonly termEndsOn: string | null;
  readonly endsWhenPerformed: true | null;
  readonly publicationRuleSet: string | null;
  readonly publicationRule: string | null;
  /** Not published because its severity in principle is not: nothing is owed. */
  readonly withheld: true | null;
}

const NOT_PUBLISHED: PublicationStatement = {
  publicFrom: null,
  publicUntil: null,
  termStartsOn: null,
  termEndsOn: null,
  endsWhenPerformed: null,
  publicationRuleSet: null,
  publicationRule: null,
  withheld: null,
};

/** The names under which `sayOfPublication` keeps them. */
export const publicationNames = Object.keys(NOT_PUBLISHED);

/** The end that the unit stated: a fact that was filed, beside the computed `publicUntil`. */
export const STATED_END = 'publicUntilStated';
/** An end beyond the longest term was cut by this rule before each class of penalty had its own. */
const FORMER_LIMIT = 'TERM_LIMIT';

/**
 * The end that the unit stated with a version. One that was recorded before the stated end was kept by itself shows it
 * as the end of its term where no rule computed that; null where it shows none.
 */
export function statedEndOf(content: Readonly<Record<string, unknown>>): string | null {
  const isComputed = content['publicationRule'] !== undefined;
  const stated = content[STATED_END] ?? (isComputed ? null : (content['termEndsOn'] ?? content['publicUntil']));
  return typeof stated === 'string' ? stated : null;
}

/**
 * SQL: whether the current version `newest` and a filed row state the same end; `statedEndOf` says where an older
 * version shows it. One that is not published does not show it at all.
 */
export const sameStatedEnd = (newest: string, staged: string): string => {
  const [before, now] = [`${newest}.content->>'${STATED_END}'`, `${staged}.content->>'${STATED_END}'`];
  const end = `coalesce(${newest}.content->>'termEndsOn', ${newest}.content->>'publicUntil')`;
  return `case
               when ${newest}.kind <> 'PENALTY' then true
               when ${newest}.content ? '${STATED_END}' then ${before} is not distinct from ${now}
               when not ${newest}.content ? 'publicFrom' then true
               when ${newest}.content->>'publicationRule' = '${FORMER_LIMIT}' then ${now} > ${end}
               when ${newest}.content ? 'publicationRule' then ${now} is null
               else ${now} is not distinct from ${end}
             end`;
};

/**
 * @param term null where the level of the record is not public
 * @param isWithheld whether that is because the rules do not publish its severity
 */
export function sayOfPublication(term: Term | null, isWithheld: boolean): PublicationStatement {
  if (term === null) return isWithheld ? { ...NOT_PUBLISHED, withheld: true } : NOT_PUBLISHED;
  const goesOn = term.until === UNENDING;
  return {
    publicFrom: term.from,
    publicUntil: goesOn ? null : term.until,
    termStartsOn: term.starts === term.from ? null : term.starts,
    termEndsOn: term.ends === term.until ? null : term.ends,
    endsWhenPerformed: goesOn || null,
    publicationRuleSet: term.ruleSet,
    publicationRule: term.rule,
    withheld: null,
  };
}

/**
 * The first day of publication: the day on the unit's own site when that was filed, else the day of the act. It is
 * never the day of filing, or filing the same file again would make another record.
 */
const beginOf = (record: ParsedRecord, day: string): string => textOf(record, 'ownSiteOn') ?? day;

/** The term of a record that is no penalty: it ends by rule. */
export function termOf(
  kind: PublicationKind,
  record: ParsedRecord,
  day: string,
  region: string | null,
  { rules }: RowSurroundings,
): Term {
  const from = beginOf(record, day);
  const { starts, until, ruleSet } = publicationTerm(rules, kind, day, region, from);
  return { from, starts, ends: until, until, ruleSet: ruleSet.id, rule: kind };
}

/** A licence is published as long as it runs. */
export function licenceTerm(record: ParsedRecord): Term {
  const until = textOf(record, 'validTo') ?? LONG_TERM_DAY;
  const from = beginOf(record, record['decidedOn'] as string); // no row without it
  return { from, starts: from, ends: until, until, ruleSet: null, rule: null };
}

/** What a penalty is judged by, as it was filed. */
export const penaltyFacts = (
  record: Readonly<Record<string, unknown>>,
  decidedOn: string,
  region: string | null,
  authorityName: string | null,
): PenaltyFacts => ({
  decidedOn,
  region,
  categories: (record['categories'] as readonly string[] | null | undefined) ?? null,
  procedure: (record['procedure'] as string | null | undefined) ?? null,
  fineFen: (record['fineFen'] as bigint | string | null | undefined) ?? null,
  isMarket: isMarketAuthority(authorityName),
});

/**
 * The term of a penalty: as the unit stated it, within the shortest and the longest of its class, or by rule. At its
 * end publication stops by itself, unless the authority's own rules let it go on until the duty is performed
 * (信用修复管理办法).
 */
export function penaltyTerm(
  record: ParsedRecord,
  region: string | null,
  { rules, today, warn }: RowSurroundings,
): Term {
  const decidedOn = record['decidedOn'] as string; // no row without it
  const from = beginOf(record, decidedOn);
  const stated = textOf(record, 'publicUntil');
  const facts = penaltyFacts(record, decidedOn, region, textOf(record, 'authorityName'));
  const found = penaltyPublication(rules, facts, from, stated, today);
  const { ends, rule, ruleSet, isPublished } = found;
  if (stated !== null && stated !== ends && isPublished)
    warn({
      column: 'CF_GSJZQ',
      code: 'TERM_LIMIT',
      message: `Publication ends on ${ends} and not on ${stated}, by ${rule} of ${ruleSet?.id}.`,
    });
  return termBy(found, from, textOf(record, 'performedOn'));
}

/**
 * The term of a penalty whose publication begins on `from`. Where its end needs performance, it ends on the later of
 * both days.
 */
export function termBy(
  { starts, ends, rule, ruleSet, endNeedsPerformance, isPublished }: PenaltyPublication,
  from: string,
  performedOn: string | null,
): Term {
  const performed = performedOn === null ? UNENDING : performedOn > ends ? performedOn : ends;
  return {
    from,
    starts,
    ends,
    until: endNeedsPerformance ? performed : ends,
    ruleSet: ruleSet?.id ?? null,
    rule,
    isWithheld: !isPublished,
  };
}

/**
 * Removes impossible days of publication and performance from a row, which lie before the decision or after the day of
 * filing. They are kept among its additional fields, and the row is recorded with a warning.
 */
export function createDayCheck({
  fields,
}: Form): (record: ParsedRecord, surroundings: RowSurroundings) => RowSurroundings {
  const checked = fields.filter(({ name }) => name === 'ownSiteOn' || name === 'performedOn');
  return (record, surroundings) => {
    let { additionalFields } = surroundings;
    for (const { name, column } of checked) {
      const day = textOf(record, name);
      const decidedOn = record['decidedOn'] as string; // no row without it
      if (day === null || (day >= decidedOn && day <= surroundings.today)) continue;
      record[name] = null;
      additionalFields = { ...additionalFields, [column]: day };
      surroundings.warn({ column, code: 'BAD_PERIOD', message: `${day} lies before the decision or after today.` });
    }
    return additionalFields === surroundings.additionalFields ? surroundings : { ...surroundings, additionalFields };
  };
}

/** The inputs of the end of a term, as kept in a version's content. */
export function termInputs(
  rules: Rules,
  content: Readonly<Record<string, unknown>>,
): { name: string; value: string }[] {
  const inputs: { name: string; value: string }[] = [];
  const add = (name: string, value: unknown): void => void (typeof value === 'string' && inputs.push({ name, value }));
  const rule = content['publicationRule'];
  add('publishedFrom', content['publicFrom']);
  add('countedFrom', content['termStartsOn']);
  add('rule', rule);
  const value = rules.sets.find(({ id }) => id === content['publicationRuleSet'])?.values[String(rule)];
  if (value) add('months', String(value[0]));
  add('performedOn', content['performedOn']);
  return inputs;
}
