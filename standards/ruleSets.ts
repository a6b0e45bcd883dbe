import { type Calendar, MAX_WORKING_DAYS, stateCouncilCalendar } from './calendar.ts';
import type { CatalogueSupplement } from './catalogue.ts';
import table from './data/ruleSets.json' with { type: 'json' };
import { evaluationSchemes } from './evaluationSchemes.ts';

/** What the number of a rule counts, with its least and its greatest sensible value. */
export const ruleUnits = {
  DAYS: [0, 36_500],
  WORKING_DAYS: [0, MAX_WORKING_DAYS],
  MONTHS: [0, 1200],
  CLASS_HOURS: [0, 1000],
  GRADES: [1, 100],
  /** 1 minor, 2 general, 3 serious. */
  LEVEL: [1, 3],
  PERCENT: [0, 100],
  YUAN: [0, 2_000_000_000],
  /** 1 yes, 0 no. */
  FLAG: [0, 1],
} as const satisfies Record<string, readonly [min: number, max: number]>;

export type RuleUnit = keyof typeof ruleUnits;

/** What one text sets about one matter while it is in force. */
export interface RuleSet {
  readonly id: string;
  /**
   * The matter: PUBLICATION_TERM, PUBLICATION_DUTY, SEVERITY, WITHDRAWAL, REPAIR, MARKET_REPAIR, EVALUATION,
   * ISSUED_CODE, CATALOGUE_SUPPLEMENT …
   */
  readonly kind: string;
  readonly name: string;
  readonly source: string;
  /** 'YYYY-MM-DD', inclusive; effectiveTo is exclusive, null while in force. */
  readonly effectiveFrom: string;
  readonly effectiveTo: string | null;
  /** Null: the whole country. Two digits of GB/T 2260: a pilot (试点), in force there alone. */
  readonly region: string | null;
  readonly unverified?: boolean;
  readonly values: Readonly<Record<string, readonly [number, RuleUnit]>>;
  /** What it adds to the collection catalogue of its region; only sets of kind CATALOGUE_SUPPLEMENT have such items. */
  readonly catalogueItems?: readonly CatalogueSupplement[];
}

// A scheme's versions are rule sets too; they are written once, in evaluationSchemes.json.
const monthsOf = (period: string): number => {
  const [, count, unit] = /^P(\d+)([YM])$/.exec(period) ?? [];
  if (count === undefined)
    throw new Error(`standards/data/evaluationSchemes.json: ${period} is no period in years or months`);
  return Number(count) * (unit === 'Y' ? 12 : 1);
};
const ofEvaluations: readonly RuleSet[] = evaluationSchemes.flatMap(({ code, name, unverified, versions }) =>
  versions.map((version) => ({
    id: `${code}-${version.version}`,
    kind: 'EVALUATION',
    name,
    source: version.source,
    effectiveFrom: version.effectiveFrom,
    effectiveTo: version.effectiveTo,
    region: null,
    unverified: unverified === true || version.unverified === true,
    values: { PERIOD: [monthsOf(version.period), 'MONTHS'], GRADES: [version.grades.length, 'GRADES'] },
  })),
);

const written = table.items as unknown as readonly RuleSet[]; // the shape of the file is checked by ruleSets.test.ts

/** One number of a rule set in force. */
export interface Rule {
  readonly number: number;
  readonly unit: RuleUnit;
  readonly ruleSet: RuleSet;
}

/** All rules at one moment. The object never changes: a decision that changes rules makes another. */
export interface Rules {
  readonly sets: readonly RuleSet[];
  /**
   * The rule sets in force on a day 'YYYY-MM-DD': those of the whole country, and the pilots of the region, when one is
   * given.
   */
  on(day: string, region?: string | null): RuleSet[];
  /**
   * The rule in force on a day for `code` of a kind; null when there is none. A pilot of the region goes before the
   * whole country's. Of several alike the one that came into force last counts, and of those of one day the last in the
   * data.
   */
  find(kind: string, code: string, day: string, region?: string | null): Rule | null;
  /**
   * As `find`, for what needs an answer on every day: between two rule sets the earlier one continues, and before the
   * first it is the first.
   */
  nearest(kind: string, code: string, day: string, region?: string | null): Rule | null;
  /**
   * The rule sets that came into force after one day and by another, and say that acts of earlier days are judged by
   * them where they are more lenient (从旧兼从轻), the earliest first.
   */
  moreLenient(after: string, until: string): readonly RuleSet[];
}

/** Whether a rule set is in force on a day 'YYYY-MM-DD'. */
export const inForce = (day: string, { effectiveFrom, effectiveTo }: RuleSet): boolean =>
  effectiveFrom <= day && (effectiveTo === null || day < effectiveTo);

/**
 * Makes the rules out of rule sets. A filing looks rules up for every row, so the rules of a kind, code and region
 * are remembered once found, and a lookup then takes 45 ns.
 */
export function createRules(sets: readonly RuleSet[]): Rules {
  const byRank = sets
    .toReversed()
    .toSorted((a, b) => (a.effectiveFrom < b.effectiveFrom ? 1 : a.effectiveFrom > b.effectiveFrom ? -1 : 0)); // stable
  const known = new Map<string, Map<string, Map<string | null, readonly Rule[]>>>();
  const candidates = (kind: string, code: string, region: string | null): readonly Rule[] => {
    let byCode = known.get(kind);
    if (!byCode) known.set(kind, (byCode = new Map()));
    let byRegion = byCode.get(code);
    if (!byRegion) byCode.set(code, (byRegion = new Map()));
    let found = byRegion.get(region);
    if (!found) {
      const of = (where: string | null): Rule[] =>
        byRank.flatMap((ruleSet) => {
          const value =
            ruleSet.kind === kind && ruleSet.region === where && Object.hasOwn(ruleSet.values, code)
              ? ruleSet.values[code]
              : undefined;
          return value ? [{ number: value[0], unit: value[1], ruleSet }] : [];
        });
      byRegion.set(region, (found = region === null ? of(null) : [...of(region), ...of(null)]));
    }
    return found;
  };
  const find = (kind: string, code: string, day: string, region: string | null = null): Rule | null => {
    for (const rule of candidates(kind, code, region)) if (inForce(day, rule.ruleSet)) return rule;
    return null;
  };
  const lenient = sets
    .filter(({ values }) => values['MORE_LENIENT_FOR_EARLIER']?.[0] === 1)
    .toSorted((a, b) => (a.effectiveFrom < b.effectiveFrom ? -1 : 1));
  return {
    sets,
    moreLenient: (after, until) =>
      lenient.filter(({ effectiveFrom }) => after < effectiveFrom && effectiveFrom <= until),
    on: (day, region = null) =>
      sets.filter((set) => inForce(day, set) && (set.region === null || set.region === region)),
    find,
    nearest(kind, code, day, region = null) {
      const found = find(kind, code, day, region);
      if (found) return found;
      const country = candidates(kind, code, null);
      return country.find(({ ruleSet }) => ruleSet.effectiveFrom <= day) ?? country.at(-1) ?? null;
    },
  };
}

/** The rules that come with the release, without later decisions: records/ruleStore.ts has those of now. */
export const releasedRules: Rules = createRules([...written, ...ofEvaluations]);

/** A decision that changed the rules. */
export type RuleChange =
  | { readonly action: 'ADD'; readonly ruleSet: RuleSet }
  /** The rule set was wrong when it was recorded: it says this, from its first day on. */
  | { readonly action: 'CORRECT'; readonly ruleSet: RuleSet }
  | { readonly action: 'END'; readonly id: string; readonly effectiveTo: string };

/**
 * The rules after decisions, in the order in which these were made: of rule sets of one day the one added last counts.
 * Of the ends of a rule set, by its own text or by decisions, the earliest counts. A correction takes the place of the
 * rule set.
 */
export function changedRules(rules: Rules, changes: readonly RuleChange[]): Rules {
  if (changes.length === 0) return rules;
  const ends = new Map<string, string>();
  const sets = new Map(rules.sets.map((set) => [set.id, set]));
  for (const change of changes) {
    if (change.action !== 'END') {
      sets.set(change.ruleSet.id, change.ruleSet);
      continue;
    }
    const before = ends.get(change.id);
    if (before === undefined || change.effectiveTo < before) ends.set(change.id, change.effectiveTo);
  }
  return createRules(
    [...sets.values()].map((set) => {
      const end = ends.get(set.id);
      return end === undefined || (set.effectiveTo !== null && set.effectiveTo <= end)
        ? set
        : { ...set, effectiveTo: end };
    }),
  );
}

export type PublicationDuty = 'MANDATORY' | 'PROMOTED';

/** An input of a computed date. */
export interface RuleInput {
  readonly name: string;
  readonly value: string;
}

export interface DueDate {
  /** Last day on which publication is in time, 'YYYY-MM-DD'. */
  readonly date: string;
  /** True when a future notice of holidays may move it. */
  readonly provisional: boolean;
  /** The rule set that set the number of working days. */
  readonly ruleSet: RuleSet;
  /** decidedOn, duty, region where one was given, workingDays. */
  readonly inputs: readonly RuleInput[];
}

/**
 * The day by which an act decided on a day has to be published (七个工作日内公示), by the rule set in force on that day in that
 * region. Null when none was: there was no such duty yet.
 */
export function publicationDueDate(
  rules: Rules,
  decidedOn: string,
  duty: PublicationDuty,
  region: string | null = null,
  calendar: Calendar = stateCouncilCalendar,
): DueDate | null {
  const rule = rules.find('PUBLICATION_DUTY', duty, decidedOn, region);
  if (rule === null || decidedOn < calendar.firstDay || decidedOn > calendar.lastDay) return null;
  const inputs = [
    { name: 'decidedOn', value: decidedOn },
    { name: 'duty', value: duty },
    ...(region === null ? [] : [{ name: 'region', value: region }]),
    { name: 'workingDays', value: String(rule.number) },
  ];
  return { ...calendar.workingDayAfter(decidedOn, rule.number), ruleSet: rule.ruleSet, inputs };
}
