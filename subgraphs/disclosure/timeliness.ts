import { checkFirst, type Connection, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { badInput } from '#kit/errors.ts';
import { visibleValue } from '#kit/fields.ts';
import { provinceOfCode } from '#standards/divisions.ts';
import { query, type Statement } from '#kit/postgres/pool.ts';
import { recordRead } from '#records/recordFields.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { rowScope, rowValues } from '#policy/rows.ts';
import { addMonths } from '#standards/publicationTerms.ts';
import type { PublicationDuty, RuleSet } from '#standards/ruleSets.ts';
import { actKinds } from './acts.ts';
import { duesOf, periodsOf } from './publicationPeriods.ts';
import type { ActRow } from './repository.ts';
import type { PublicationDutyState, PublicationOutcome } from './resolvers.generated.ts';
import { acts, countActs, type Counted, countOwed, figures, owedActs } from './timelinessStatements.ts';

// The timeliness of publication (七个工作日内公示; 发改办财金〔2018〕424号, 893 第四条): the acts that a unit has yet to publish, and its
// results for a month.

const mandatoryKinds = Object.entries(actKinds).flatMap(([kind, { duty }]) => (duty === 'MANDATORY' ? [kind] : []));

/** Numbers of acts by how their publication turned out. */
export interface Figures {
  readonly decided: number;
  readonly onTime: number;
  readonly late: number;
  readonly notYet: number;
  readonly noDuty: number;
  readonly provisional: number;
  readonly lateClaims: number;
}

/** The acts of a report that turned out alike. */
interface OutcomeGroup {
  readonly duty: PublicationDuty;
  readonly outcome: PublicationOutcome;
  readonly provisional: boolean;
  readonly acts: number;
  readonly late_claims: number;
}

/** A report with the parameters of its figures, so that the acts behind the figures are selected in the same way. */
export interface Timeliness {
  readonly unit: string;
  readonly month: string;
  readonly groups: readonly OutcomeGroup[];
  readonly ruleSets: readonly RuleSet[];
  readonly counted: Counted;
}

interface ActsAsked {
  readonly outcome?: PublicationOutcome | null;
  readonly duty?: PublicationDuty | null;
  readonly provisional?: boolean | null;
  readonly first: number;
  readonly after?: string | null;
}

interface OwedAsked {
  readonly unit: string;
  readonly state: PublicationDutyState;
  readonly first: number;
  readonly after?: string | null;
}

/** Creates the resolvers of the timeliness of publication. */
export const createTimeliness = (runtime: SubgraphRuntime) => ({
  report: (context: SubgraphContext, unit: string, month: string): Promise<Timeliness> =>
    report(runtime, context, unit, month),
  acts: (behind: Timeliness, args: ActsAsked, context: SubgraphContext): Promise<Connection<ActRow>> =>
    actsBehind(runtime, context, behind, args),
  owed: (context: SubgraphContext, args: OwedAsked): Promise<Connection<ActRow>> => owed(runtime, context, args),
});

/**
 * The figures of a unit for a month, 'YYYY-MM'.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE, BAD_USER_INPUT (MONTH)
 */
async function report(
  { pool, rules }: SubgraphRuntime,
  context: SubgraphContext,
  unit: string,
  month: string,
): Promise<Timeliness> {
  checkReach(context, unit);
  const [from, to] = daysOfMonth(month);
  const dues = duesOf(await rules.fresh(), unit, from, to);
  const provisional = [...dues].flatMap(([key, due]) => (due.provisional ? [key] : []));
  const counted: Counted = [
    unit,
    from,
    to,
    mandatoryKinds,
    JSON.stringify(Object.fromEntries([...dues].map(([key, { date }]) => [key, date]))),
    provisional,
  ];
  const groups = await query<OutcomeGroup>(pool, figures, counted);
  return { unit, month, groups, ruleSets: [...new Set([...dues.values()].map(({ ruleSet }) => ruleSet))], counted };
}

/**
 * The acts behind the figures of a report, the latest first.
 * @throws BAD_USER_INPUT (PAGE_SIZE), BAD_CURSOR
 */
async function actsBehind(
  runtime: SubgraphRuntime,
  context: SubgraphContext,
  { unit, month, counted }: Timeliness,
  { outcome = null, duty = null, provisional = null, first, after }: ActsAsked,
): Promise<Connection<ActRow>> {
  checkFirst(first);
  return readPage(runtime, context, {
    field: 'TimelinessReport.acts',
    question: [unit, month, outcome, duty, provisional],
    find: acts,
    count: countActs,
    values: [...counted, outcome, duty, provisional],
    start: ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    first,
    after,
  });
}

/**
 * The acts that a unit has yet to publish, the oldest first.
 * @throws UNAUTHORIZED_FIELD_OR_TYPE, BAD_USER_INPUT (PAGE_SIZE), BAD_CURSOR
 */
async function owed(
  runtime: SubgraphRuntime,
  context: SubgraphContext,
  { unit, state, first, after }: OwedAsked,
): Promise<Connection<ActRow>> {
  checkReach(context, unit);
  checkFirst(first);
  const { periods, open } = periodsOf(await runtime.rules.fresh(), unit, context.today, state);
  return readPage(runtime, context, {
    field: 'Query.publicationDuties',
    question: [unit, state],
    find: owedActs,
    count: countOwed,
    values: [
      unit,
      periods.map(({ duty }) => duty),
      periods.map(({ from }) => from),
      periods.map(({ to }) => to),
      open,
      mandatoryKinds,
    ],
    start: ['-infinity', '00000000-0000-0000-0000-000000000000'],
    first,
    after,
  });
}

/**
 * @throws UNAUTHORIZED_FIELD_OR_TYPE unless the unit is the viewer's own, of its province, or the viewer sees all.
 */
const checkReach = (context: SubgraphContext, unit: string): void => {
  if (outcomeFor(context.viewer, 'REPORT') !== 'ALLOW')
    visibleValue(context, 'REPORT', { uscc: unit, province: provinceOfCode(unit), units: [unit] }, null);
};

/** A page of a list of acts. */
interface ActPage {
  /** The coordinate of the list in the schema, and what its cursors are valid for. */
  readonly field: string;
  readonly question: readonly unknown[];
  readonly find: Statement;
  readonly count: Statement;
  /** The parameters of both statements between those of the row rule and the page. */
  readonly values: readonly unknown[];
  /** The position before the first act: a day and the id of a record. */
  readonly start: readonly [day: string, recordId: string];
  readonly first: number;
  readonly after: string | null | undefined;
}

/** Reads a page of acts, which are noted as read where they are not published. @throws BAD_CURSOR */
async function readPage(
  { pool, cursors }: SubgraphRuntime,
  context: SubgraphContext,
  { field, question, find, count, values, start, first, after }: ActPage,
): Promise<Connection<ActRow>> {
  const asked = [...rowValues(rowScope(context.viewer), context.today), ...values];
  const pager = cursors.pager(field, question, context.viewer);
  const [day, recordId] = pager.position(after) ?? start;
  const page = pageOf(await query<ActRow>(pool, find, [...asked, day, recordId, first + 1]), first);
  for (const row of page.items) recordRead(context, row);
  return {
    page,
    cursorOf: (row) => pager.cursorOf(row.day, row.record_id),
    count: async () => (await query<{ value: number }>(pool, count, asked))[0]?.value ?? 0,
  };
}

/** @throws BAD_USER_INPUT (MONTH). */
function daysOfMonth(month: string): readonly [from: string, to: string] {
  if (!/^[1-9]\d{3}-(?:0[1-9]|1[0-2])$/.test(month))
    throw badInput('month', 'MONTH', 'This is not a month.', 'YYYY-MM');
  const from = `${month}-01`;
  return [from, addMonths(from, 1)];
}

function figuresOf(groups: readonly OutcomeGroup[], duty: PublicationDuty | null): Figures {
  const counted = groups.filter((group) => duty === null || group.duty === duty);
  const sum = (those: (group: OutcomeGroup) => boolean): number =>
    counted.reduce((total, group) => (those(group) ? total + group.acts : total), 0);
  const of = (outcome: PublicationOutcome): number => sum((group) => group.outcome === outcome);
  return {
    decided: sum(() => true),
    onTime: of('ON_TIME'),
    late: of('LATE'),
    notYet: of('NOT_YET'),
    noDuty: of('NO_DUTY'),
    provisional: sum(({ provisional }) => provisional),
    lateClaims: counted.reduce((total, { late_claims }) => total + late_claims, 0),
  };
}

export const timelinessFields = {
  total: ({ groups }: Timeliness) => figuresOf(groups, null),
  mandatory: ({ groups }: Timeliness) => figuresOf(groups, 'MANDATORY'),
  promoted: ({ groups }: Timeliness) => figuresOf(groups, 'PROMOTED'),
};
