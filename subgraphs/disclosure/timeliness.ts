import { checkFirst, type Connection, COUNT_LIMIT, pageOf } from '#kit/connection.ts';
import type { SubgraphContext } from '#kit/context.ts';
import { badInput } from '#kit/errors.ts';
import { shown } from '#kit/fields.ts';
import { provinceOfCode } from '#kit/filing/admission.ts';
import { query, statement } from '#kit/postgres/pool.ts';
import { give } from '#kit/recordFields.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { rowParameters, rowPredicate, rowScope, rowValues } from '#policy/rows.ts';
import { stateCouncilCalendar } from '#standards/calendar.ts';
import { addDays, addMonths } from '#standards/publicationTerms.ts';
import { type DueDate, publicationDueDate, type PublicationDuty, type Rules, type RuleSet } from '#standards/ruleSets.ts';
import { actKinds } from './acts.ts';
import { type ActRow, readColumns } from './repository.ts';
import type { PublicationDutyState, PublicationOutcome } from './resolvers.generated.ts';
import { regionOf } from './rules.ts';

// The clock of publication (七个工作日内公示; 发改办财金〔2018〕424号, 893 第四条): what a unit still owes, and how it did in a month.

const duties: readonly PublicationDuty[] = ['MANDATORY', 'PROMOTED'];
const mandatoryKinds = Object.entries(actKinds).flatMap(([kind, { duty }]) => (duty === 'MANDATORY' ? [kind] : []));

/** Numbers of acts by how their publication turned out. */
export interface Figures {
  readonly decided: number;
  readonly onTime: number;
  readonly late: number;
  readonly notYet: number;
  readonly noDuty: number;
  readonly provisional: number;
}

interface Group {
  readonly duty: PublicationDuty;
  readonly outcome: PublicationOutcome;
  readonly provisional: boolean;
  readonly acts: number;
}

/** A report and what its figures were counted by, so that the acts behind them are counted alike. */
export interface Timeliness {
  readonly unit: string;
  readonly month: string;
  readonly groups: readonly Group[];
  readonly ruleSets: readonly RuleSet[];
  readonly counted: Counted;
}

/** The parameters by which acts of a month are judged, $1 to $6 of both statements. */
type Counted = readonly [unit: string, from: string, to: string, mandatoryKinds: readonly string[], dues: string, provisional: readonly string[]];

interface ActsAsked {
  readonly outcome?: PublicationOutcome | null;
  readonly duty?: PublicationDuty | null;
  readonly provisional?: boolean | null;
  readonly first: number;
  readonly after?: string | null;
}

const keyOf = (duty: string, day: string): string => `${duty} ${day}`;

/** Numbers the parameters of a fragment of SQL. */
const parameters =
  (first: number) =>
  (offset: number): string =>
    `$${first + offset}`;

/** Acts of a unit that stand: neither withdrawn nor erased. */
const standing = (unit: string): string => `record.determining_unit = ${unit}::text
       and record.superseded_at = 'infinity'
       and record.withdrawn_on is null
       and record.erased_at is null`;

const dutyOf = (mandatory: string): string => `case when record.kind = any(${mandatory}::text[]) then 'MANDATORY' else 'PROMOTED' end`;

/** How the publication of each act of a month turned out: the same for the figures and for the acts behind them. As `Publication.onTime`, which says it of one act. */
function judgedActs(first: number): string {
  const p = parameters(first);
  return `
    from disclosure.act record
    cross join lateral (
      select ${dutyOf(p(3))} as duty,
             coalesce((record.content->>'ownSiteOn')::date, case when record.disclosure_level = 'PUBLIC' then (record.collected_at at time zone 'Asia/Shanghai')::date end) as published_on
    ) act
    cross join lateral (select act.duty || ' ' || record.decided_on::text as key) named
    cross join lateral (select (${p(4)}::jsonb->>named.key)::date as due_on, named.key = any(${p(5)}::text[]) as provisional) due
    cross join lateral (
      select case
        when due.due_on is null then 'NO_DUTY'
        when act.published_on is null then 'NOT_YET'
        when act.published_on <= due.due_on then 'ON_TIME'
        else 'LATE'
      end as outcome
    ) judged
    where ${standing(p(0))}
      and record.decided_on >= ${p(1)}::date
      and record.decided_on < ${p(2)}::date`;
}

export function createTimeliness({ pool, cursors, rules: book }: Workshop) {
  const figures = statement(
    'disclosure.timeliness.figures',
    `select act.duty, judged.outcome, due.provisional, count(*)::int as acts
     ${judgedActs(1)}
     group by act.duty, judged.outcome, due.provisional
     order by act.duty, judged.outcome, due.provisional
     limit 100`,
  );
  // The row rule comes first, and today is its last parameter.
  const p = parameters(rowParameters);
  const TODAY = p(0);
  const visible = rowPredicate('record', 1);
  const judged = `${judgedActs(rowParameters + 1)}
      and (${p(7)}::text is null or judged.outcome = ${p(7)})
      and (${p(8)}::text is null or act.duty = ${p(8)})
      and (${p(9)}::boolean is null or due.provisional = ${p(9)})
      and ${visible}`;
  const acts = statement(
    'disclosure.timeliness.acts',
    `select ${readColumns('act')}
     ${judged}
       and (record.decided_on, record.record_id) < (${p(10)}::date, ${p(11)}::uuid)
     order by record.decided_on desc, record.record_id desc
     limit ${p(12)}`,
  );
  const countActs = statement('disclosure.timeliness.acts.count', `select count(*)::int as value from (select ${judged} limit ${COUNT_LIMIT + 1}) capped`);

  // Still published here, and nothing said of the unit's own site. p(2) to p(4) are periods of decisions, p(5) those of them whose day has not come.
  const owed = `
    from disclosure.act record
    cross join lateral (select ${dutyOf(p(6))} as duty) act
    where ${standing(p(1))}
      and record.disclosure_level = 'PUBLIC'
      and record.public_until >= ${TODAY}::date
      and not record.content ? 'ownSiteOn'
      and record.decided_on >= (select min(day) from unnest(${p(3)}::date[]) day)
      and record.decided_on < (select max(day) from unnest(${p(4)}::date[]) day)
      and exists (
        select from unnest(${p(2)}::text[], ${p(3)}::date[], ${p(4)}::date[]) as period(duty, first, next)
        where period.duty = act.duty and record.decided_on >= period.first and record.decided_on < period.next
      )
      and act.duty || ' ' || record.decided_on::text <> all(${p(5)}::text[])
      and ${visible}`;
  const owedActs = statement(
    'disclosure.timeliness.owed',
    `select ${readColumns('act')}
     ${owed}
       and (record.decided_on, record.record_id) > (${p(7)}::date, ${p(8)}::uuid)
     order by record.decided_on, record.record_id
     limit ${p(9)}`,
  );
  const countOwed = statement('disclosure.timeliness.owed.count', `select count(*)::int as value from (select ${owed} limit ${COUNT_LIMIT + 1}) capped`);

  /** @throws UNAUTHORIZED_FIELD_OR_TYPE unless the unit is the viewer's own, of its province, or the viewer sees all. */
  const checkReach = (context: SubgraphContext, unit: string): void => {
    if (outcomeFor(context.viewer, 'REPORT') !== 'ALLOW') shown(context, 'REPORT', { uscc: unit, province: provinceOfCode(unit), units: [unit] }, null);
  };

  /** A page of acts, noted as read where they are not published. */
  const connectionOf = (context: SubgraphContext, scope: string, rows: readonly ActRow[], first: number, count: () => Promise<{ value: number }[]>): Connection<ActRow> => {
    const page = pageOf(rows, first);
    for (const row of page.items) give(context, row);
    return { page, cursorOf: ({ day, record_id }) => cursors.seal(scope, [day, record_id]), count: async () => (await count())[0]?.value ?? 0 };
  };

  return {
    async report(context: SubgraphContext, unit: string, month: string): Promise<Timeliness> {
      checkReach(context, unit);
      const [from, to] = daysOfMonth(month);
      const dues = duesOf(await book.fresh(), unit, from, to);
      const provisional = [...dues].flatMap(([key, due]) => (due.provisional ? [key] : []));
      const counted: Counted = [unit, from, to, mandatoryKinds, JSON.stringify(Object.fromEntries([...dues].map(([key, { date }]) => [key, date]))), provisional];
      const groups = await query<Group>(pool, figures, counted);
      return { unit, month, groups, ruleSets: [...new Set([...dues.values()].map(({ ruleSet }) => ruleSet))], counted };
    },

    async acts({ unit, month, counted }: Timeliness, { outcome = null, duty = null, provisional = null, first, after }: ActsAsked, context: SubgraphContext): Promise<Connection<ActRow>> {
      checkFirst(first);
      const scope = JSON.stringify(['TimelinessReport.acts', unit, month, outcome, duty, provisional, context.viewer.grant]);
      const ask = [...rowValues(rowScope(context.viewer), context.today), ...counted, outcome, duty, provisional];
      const [day, recordId] = cursors.openGiven(scope, after) ?? ['infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff'];
      return connectionOf(context, scope, await query<ActRow>(pool, acts, [...ask, day, recordId, first + 1]), first, () => query<{ value: number }>(pool, countActs, ask));
    },

    async owed(context: SubgraphContext, { unit, state, first, after }: { unit: string; state: PublicationDutyState; first: number; after?: string | null }): Promise<Connection<ActRow>> {
      checkReach(context, unit);
      checkFirst(first);
      const { periods, open } = periodsOf(await book.fresh(), unit, context.today, state);
      const scope = JSON.stringify(['Query.publicationDuties', unit, state, context.viewer.grant]);
      const ask = [
        ...rowValues(rowScope(context.viewer), context.today),
        unit,
        periods.map(({ duty }) => duty),
        periods.map(({ from }) => from),
        periods.map(({ to }) => to),
        open,
        mandatoryKinds,
      ];
      const [day, recordId] = cursors.openGiven(scope, after) ?? ['-infinity', '00000000-0000-0000-0000-000000000000'];
      return connectionOf(context, scope, await query<ActRow>(pool, owedActs, [...ask, day, recordId, first + 1]), first, () => query<{ value: number }>(pool, countOwed, ask));
    },
  };
}

/** @throws BAD_USER_INPUT (MONTH). */
function daysOfMonth(month: string): readonly [from: string, to: string] {
  if (!/^[1-9]\d{3}-(?:0[1-9]|1[0-2])$/.test(month)) throw badInput('month', 'MONTH', 'This is not a month.', 'YYYY-MM');
  const from = `${month}-01`;
  return [from, addMonths(from, 1)];
}

/** By when acts of a unit were due that were decided on the days from `from` until before `to`, by `keyOf` duty and day; without what had no such duty. */
function duesOf(rules: Rules, unit: string, from: string, to: string): Map<string, DueDate> {
  const region = regionOf(unit, null);
  const dues = new Map<string, DueDate>();
  for (let day = from; day < to; day = addDays(day, 1)) {
    for (const duty of duties) {
      const due = publicationDueDate(rules, day, duty, region);
      if (due) dues.set(keyOf(duty, day), due);
    }
  }
  return dues;
}

interface Period {
  readonly duty: PublicationDuty;
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
}

/**
 * The decisions whose last day in time has passed, or is about to come: periods of days, and days within them whose own has not come. Due
 * dates are computed for the latest days alone; whatever is older than the most working days of any rule is overdue if there was a duty.
 */
function periodsOf(rules: Rules, unit: string, today: string, state: PublicationDutyState): { periods: Period[]; open: string[] } {
  const region = regionOf(unit, null);
  const ofDuty = rules.sets.filter(({ kind, region: where }) => kind === 'PUBLICATION_DUTY' && (where === null || where === region));
  const most = Math.max(0, ...ofDuty.flatMap(({ values }) => duties.map((duty) => values[duty]?.[0] ?? 0)));
  let from = today;
  while (from > stateCouncilCalendar.firstDay && stateCouncilCalendar.workingDayAfter(from, most).date >= today) from = addDays(from, -1);
  const latest = [...duesOf(rules, unit, from, addDays(today, 1))];

  if (state === 'DUE_SOON') {
    const soon = rules.find('PUBLICATION_DUTY', 'DUE_SOON', today, region);
    const until = stateCouncilCalendar.workingDayAfter(today, soon?.number ?? 0).date;
    return { periods: latest.flatMap(([key, { date }]) => (date >= today && date <= until ? [periodOfDay(key)] : [])), open: [] };
  }
  const first = (day: string): string => (day < stateCouncilCalendar.firstDay ? stateCouncilCalendar.firstDay : day);
  const next = (day: string | null): string => (day === null || day > today ? addDays(today, 1) : day);
  return {
    periods: ofDuty.flatMap(({ effectiveFrom, effectiveTo, values }) => duties.flatMap((duty) => (values[duty] ? [{ duty, from: first(effectiveFrom), to: next(effectiveTo) }] : []))),
    open: latest.flatMap(([key, { date }]) => (date >= today ? [key] : [])),
  };
}

function periodOfDay(key: string): Period {
  const [duty, day = ''] = key.split(' ');
  return { duty: duty as PublicationDuty, from: day, to: addDays(day, 1) }; // as keyOf wrote it
}

function figuresOf(groups: readonly Group[], duty: PublicationDuty | null): Figures {
  const counted = groups.filter((group) => duty === null || group.duty === duty);
  const sum = (those: (group: Group) => boolean): number => counted.reduce((total, group) => (those(group) ? total + group.acts : total), 0);
  const of = (outcome: PublicationOutcome): number => sum((group) => group.outcome === outcome);
  return { decided: sum(() => true), onTime: of('ON_TIME'), late: of('LATE'), notYet: of('NOT_YET'), noDuty: of('NO_DUTY'), provisional: sum(({ provisional }) => provisional) };
}

export const timelinessFields = {
  total: ({ groups }: Timeliness) => figuresOf(groups, null),
  mandatory: ({ groups }: Timeliness) => figuresOf(groups, 'MANDATORY'),
  promoted: ({ groups }: Timeliness) => figuresOf(groups, 'PROMOTED'),
};
