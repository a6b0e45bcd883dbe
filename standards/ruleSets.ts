import { type Calendar, stateCouncilCalendar } from './calendar.ts';
import table from './data/ruleSets.json' with { type: 'json' };
import { evaluationSchemes } from './evaluationSchemes.ts';

export type RuleUnit = 'DAYS' | 'WORKING_DAYS' | 'MONTHS' | 'CLASS_HOURS' | 'GRADES';

/** What one text says about one matter while it is in force. */
export interface RuleSet {
  readonly id: string;
  /** The matter: PUBLICATION_TERM, PUBLICATION_DUTY, WITHDRAWAL, REPAIR, MARKET_REPAIR, EVALUATION; rules may add others. */
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
}

// A scheme's versions are rule sets too; they are written once, in evaluationSchemes.json.
const monthsOf = (period: string): number => {
  const [, count, unit] = /^P(\d+)([YM])$/.exec(period) ?? [];
  if (count === undefined) throw new Error(`standards/data/evaluationSchemes.json: ${period} is no period in years or months`);
  return Number(count) * (unit === 'Y' ? 12 : 1);
};
const ofEvaluations: readonly RuleSet[] = evaluationSchemes.flatMap(({ code, name, unverified, versions }) =>
  versions.map(version => ({
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

/** All rule sets of the data. */
export const ruleSets: readonly RuleSet[] = [...written, ...ofEvaluations];

const inForce = (day: string, { effectiveFrom, effectiveTo }: RuleSet): boolean => effectiveFrom <= day && (effectiveTo === null || day < effectiveTo);

/** The rule sets in force on a day 'YYYY-MM-DD': those of the whole country, and those of the region, when one is given. */
export function ruleSetsOn(day: string, region: string | null = null, sets: readonly RuleSet[] = ruleSets): RuleSet[] {
  return sets.filter(set => inForce(day, set) && (set.region === null || set.region === region));
}

const duties = ruleSets.filter(({ kind }) => kind === 'PUBLICATION_DUTY');

export type PublicationDuty = 'MANDATORY' | 'PROMOTED';

export interface DueDate {
  /** Last day on which publication is in time, 'YYYY-MM-DD'. */
  readonly date: string;
  /** True when a notice of holidays that is not there yet may move it. */
  readonly provisional: boolean;
  /** The one that gave the number of working days. */
  readonly ruleSet: RuleSet;
}

interface DueBy {
  readonly sets?: readonly RuleSet[];
  readonly calendar?: Calendar;
}

/**
 * By when an act decided on a day has to be published (七个工作日内公示), by the rule set in force on that day. Null when none was: there was
 * no such duty yet. Of several in force the last in the data counts. Pilots are not looked at: a day and a duty do not say where.
 */
export function publicationDueDate(decidedOn: string, duty: PublicationDuty, { sets = duties, calendar = stateCouncilCalendar }: DueBy = {}): DueDate | null {
  const ruleSet = sets.findLast(set => set.kind === 'PUBLICATION_DUTY' && set.region === null && duty in set.values && inForce(decidedOn, set));
  const [days] = ruleSet?.values[duty] ?? [];
  if (ruleSet === undefined || days === undefined || decidedOn < calendar.firstDay || decidedOn > calendar.lastDay) return null;
  return { ...calendar.workingDayAfter(decidedOn, days), ruleSet };
}
