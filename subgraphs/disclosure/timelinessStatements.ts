import { COUNT_LIMIT } from '#kit/connection.ts';
import { statement } from '#kit/postgres/pool.ts';
import { rowParameters, rowPredicate } from '#policy/rows.ts';
import { readColumns } from './repository.ts';

// The SQL of the timeliness of publication (timeliness.ts).

/**
 * The parameters by which acts of a month are judged: $1 to $6 of `figures`, and of `acts` those after the row rule's.
 */
export type Counted = readonly [
  unit: string,
  from: string,
  to: string,
  mandatoryKinds: readonly string[],
  dues: string,
  provisional: readonly string[],
];

/** Numbers the parameters of a fragment of SQL. */
const parameters =
  (first: number) =>
  (offset: number): string =>
    `$${first + offset}`;

/** A condition for the current acts of a unit, neither withdrawn nor erased. */
const isCurrentOf = (unit: string): string => `record.determining_unit = ${unit}::text
       and record.superseded_at = 'infinity'
       and record.withdrawn_on is null
       and record.erased_at is null`;

/**
 * SQL: the day on the unit's own site that was reported with the act itself, in its first version; null where there was
 * none. What is claimed later does not undo that it was late.
 */
const firstReported = `case
                 when record.version = 1 then record.content->>'ownSiteOn'
                 else (
                   select first.content->>'ownSiteOn'
                   from disclosure.act first
                   where first.uscc = record.uscc and first.record_id = record.record_id and first.version = 1
                 )
               end`;

const dutyOf = (mandatory: string): string =>
  `case when record.kind = any(${mandatory}::text[]) then 'MANDATORY' else 'PROMOTED' end`;

/**
 * The outcome of the publication of each act of a month, by the same SQL for the figures and for the acts behind them.
 * It follows the same rule as `Publication.onTime` for one act.
 */
function judgedActs(first: number): string {
  const p = parameters(first);
  return `
    from disclosure.act record
    cross join lateral (select ${firstReported} as day) own_site
    cross join lateral (
      select ${dutyOf(p(3))} as duty,
             coalesce(
               own_site.day::date,
               case
                 when record.disclosure_level = 'PUBLIC'
                 then (record.collected_at at time zone 'Asia/Shanghai')::date
               end
             ) as published_on
    ) act
    cross join lateral (select act.duty || ' ' || record.decided_on::text as key) named
    cross join lateral (
      select (${p(4)}::jsonb->>named.key)::date as due_on, named.key = any(${p(5)}::text[]) as provisional
    ) due
    cross join lateral (
      select case
        when due.due_on is null or record.content ? 'withheld' then 'NO_DUTY'
        when act.published_on is null then 'NOT_YET'
        when act.published_on <= due.due_on then 'ON_TIME'
        else 'LATE'
      end as outcome
    ) judged
    where ${isCurrentOf(p(0))}
      and record.decided_on >= ${p(1)}::date
      and record.decided_on < ${p(2)}::date`;
}

/** The numbers of acts of a month by duty and outcome. The parameters are `Counted`. */
export const figures = statement(
  'disclosure.timeliness.figures',
  `select act.duty, judged.outcome, due.provisional, count(*)::int as acts,
          (count(*) filter (
            where record.content ? 'ownSiteOn'
              and own_site.day is distinct from record.content->>'ownSiteOn'
          ))::int as late_claims
   ${judgedActs(1)}
   group by act.duty, judged.outcome, due.provisional
   order by act.duty, judged.outcome, due.provisional
   limit 100`,
);
// The parameters of the row rule come first, and today is the last of them.
const p = parameters(rowParameters);
const TODAY = p(0);
const visible = rowPredicate('record', 1);
const judged = `${judgedActs(rowParameters + 1)}
    and (${p(7)}::text is null or judged.outcome = ${p(7)})
    and (${p(8)}::text is null or act.duty = ${p(8)})
    and (${p(9)}::boolean is null or due.provisional = ${p(9)})
    and ${visible}`;
/** The acts behind the figures, the latest first. */
export const acts = statement(
  'disclosure.timeliness.acts',
  `select ${readColumns('act')}
   ${judged}
     and (record.decided_on, record.record_id) < (${p(10)}::date, ${p(11)}::uuid)
   order by record.decided_on desc, record.record_id desc
   limit ${p(12)}`,
);
export const countActs = statement(
  'disclosure.timeliness.acts.count',
  `select count(*)::int as value from (select ${judged} limit ${COUNT_LIMIT + 1}) capped`,
);

// Acts that are still published here, without a reported day on the unit's own site. p(2) to p(4) are periods of
// decisions, p(5) the days among them that are not due yet.
const owed = `
  from disclosure.act record
  cross join lateral (select ${dutyOf(p(6))} as duty) act
  where ${isCurrentOf(p(1))}
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
/** The acts that a unit has yet to publish, the oldest first. */
export const owedActs = statement(
  'disclosure.timeliness.owed',
  `select ${readColumns('act')}
   ${owed}
     and (record.decided_on, record.record_id) > (${p(7)}::date, ${p(8)}::uuid)
   order by record.decided_on, record.record_id
   limit ${p(9)}`,
);
export const countOwed = statement(
  'disclosure.timeliness.owed.count',
  `select count(*)::int as value from (select ${owed} limit ${COUNT_LIMIT + 1}) capped`,
);
