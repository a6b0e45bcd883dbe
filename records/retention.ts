import { usualItemOf } from '#standards/catalogue.ts';
import { localItems } from '#standards/catalogueSupplements.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { auditChange, createFeed, type FeedTable } from './outbox.ts';
import { createInstants } from './instants.ts';
import { type Pool, query, statement, transaction } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from './record.ts';
import type { RuleStore } from './ruleStore.ts';
import { type DailyOptions, startDaily } from './daily.ts';

// Records are kept as long as the rules of kind RETENTION require, counted from the day on which they ended. Then the
// content of all versions is erased. Id, dates, versions and keyed digests stay, so that chains still verify (design
// §6).

/** A table of records, and which of its own columns are erased. */
export interface ErasableTable extends FeedTable {
  /** Columns that cannot be null: they become empty texts. */
  readonly emptied: readonly string[];
  /** Columns that become null. */
  readonly nulled: readonly string[];
  /**
   * Whether a record without `valid_to` is of an event, and not in force for good: it then ends with its publication. A
   * licence for an unlimited time never ends.
   */
  readonly ofEvents: boolean;
}

/**
 * Erases what is due by now. Safe beside filings, and on several instances at once.
 * @returns how many records
 */
export type Sweep = () => Promise<number>;

/** Rows examined by one statement. The walk holds no lock longer than that takes. */
const SLICE = 5000;
const DEADLINE_MS = 60_000;

/**
 * SQL: the day on which a record of level PUBLIC ended. It is the day after the last day of publication, or of validity
 * if that is later. A withdrawn record ended with its withdrawal. Null: it has not ended.
 */
const endedOn = ({ ofEvents }: ErasableTable): string =>
  `coalesce(
     record.withdrawn_on,
     case when ${ofEvents ? 'true' : 'record.valid_to is not null'}
       then greatest(record.valid_to, record.public_until + 1) end)`;

/** A position in the walk: after this record. */
type Key = readonly [uscc: string, recordId: string];

const START: Key = ['', '00000000-0000-0000-0000-000000000000'];

/** How long each code is kept, and the day until which that is counted. */
interface Due {
  readonly codes: readonly string[];
  readonly months: readonly number[];
  readonly today: string;
  readonly at: Date;
}

/**
 * The statements of one table. The first five parameters of both: codes, months, today, and the key after which the
 * walk goes on.
 */
function retentionStatements(table: ErasableTable) {
  const name = `${table.schema}.${table.name}`;
  const blank = [
    ...table.emptied.map((column) => `${column} = ''`),
    ...table.nulled.map((column) => `${column} = null`),
  ];
  const isDue = `record.superseded_at = 'infinity'
         and record.erased_at is null
         and not record.under_objection
         and record.fact_conflict is null
         and ${endedOn(table)} + make_interval(months => rule.months) <= $3::date`;
  const rules = 'unnest($1::text[], $2::int[]) as rule(code, months) on rule.code = record.catalogue_code';
  // Walks down the index of current versions. On most days nothing is due, and no writer has to wait for the clock.
  const look = statement(
    `${name}.retention`,
    `with slice as (
       select record.uscc, record.record_id
       from ${name} record
       where record.superseded_at = 'infinity'
         and (record.uscc, record.record_id) > ($4::text, $5::uuid)
       order by record.uscc, record.record_id
       limit $6
     )
     select last.uscc, last.record_id, last.length::int as length,
            exists (
              select
              from ${name} record
              join slice on record.uscc = slice.uscc and record.record_id = slice.record_id
              join ${rules}
              where ${isDue}
            ) as "isAnyDue"
     from (
       select slice.uscc, slice.record_id, count(*) over () as length
       from slice
       order by slice.uscc desc, slice.record_id desc
       limit 1
     ) last`,
  );
  // The withdrawal reason of a full replacement stays, since such a record comes back when it is filed again. Rows that
  // a filing holds are left for the next sweep, because the filing may be bringing them back. The same applies where a
  // writer holds the first version and then waits for the clock that is held here, as the declaration of an item does
  // (disclosure/voluntaryVersions.ts): all versions are written below.
  const erase = statement(
    `${name}.erase`,
    `with due as (
       select record.uscc, record.record_id, record.version, ${createFeed(table).stateOf('record')} as before
       from ${name} record
       join ${name} first on first.uscc = record.uscc and first.record_id = record.record_id and first.version = 1
       join ${rules}
       where ${isDue}
         and (record.uscc, record.record_id) > ($4::text, $5::uuid)
         and (record.uscc, record.record_id) <= ($6::text, $7::uuid)
       for update of record, first skip locked
     ), erased as (
       update ${name} record
       set content = '{}', additional_fields = null, source_record_id = null,
           withdrawal_reason = case withdrawal_reason when '${NOT_IN_REPLACEMENT}' then withdrawal_reason end,
           erased_at = $8::timestamptz${blank.map((each) => `, ${each}`).join('')}
       from due
       where record.uscc = due.uscc
         and record.record_id = due.record_id
         and record.erased_at is null
     )
     select due.uscc, due.record_id as "recordId", due.version, due.before
     from due
     order by due.uscc, due.record_id`,
  );
  return { look, erase };
}

/**
 * Creates one step of the walk, which erases what is due in a slice.
 * @returns a function that returns how many records were erased, and where the walk continues; null at its end
 */
function createStep(pool: Pool, table: ErasableTable, slice: number) {
  const { look, erase } = retentionStatements(table);
  const feed = createFeed(table);
  const instants = createInstants(pool, table.schema);

  const eraseUpTo = (after: Key, last: Key, { codes, months, today, at }: Due): Promise<number> =>
    transaction(
      pool,
      `erase ${table.schema}.${table.name}`,
      async (client) => {
        const stamp = { recordedAt: await instants.stamp(client), filingId: null };
        const erased = await query<{ uscc: string; recordId: string; version: number; before: string | null }>(
          client,
          erase,
          [codes, months, today, ...after, ...last, at.toISOString()],
        );
        if (erased.length === 0) return 0;
        await feed.announce(client, stamp, erased);
        await auditChange(client, null, {
          ...stamp,
          schema: table.schema,
          action: 'retention',
          rows: erased.length,
          details: { table: table.name },
        });
        return erased.length;
      },
      { deadlineMs: DEADLINE_MS },
    );

  return async (after: Key, due: Due): Promise<{ readonly erased: number; readonly next: Key | null }> => {
    const [last] = await query<{ uscc: string; record_id: string; length: number; isAnyDue: boolean }>(pool, look, [
      due.codes,
      due.months,
      due.today,
      ...after,
      slice,
    ]);
    if (!last) return { erased: 0, next: null };
    const end: Key = [last.uscc, last.record_id];
    return { erased: last.isAnyDue ? await eraseUpTo(after, end, due) : 0, next: last.length === slice ? end : null };
  };
}

/**
 * Creates the sweep over all erasable tables of a subgraph.
 * @param slice how many rows are examined at once
 */
export function createSweep(
  { pool, rules, now }: { readonly pool: Pool; readonly rules: RuleStore; readonly now: () => Date },
  tables: readonly ErasableTable[],
  slice = SLICE,
): Sweep {
  const steps = tables.map((table) => createStep(pool, table, slice));
  return async () => {
    const at = now();
    const today = shanghaiDay(at);
    const current = await rules.fresh();
    // The rules in force now apply, whenever the record ended: a rule that lengthens retention must save what is not
    // yet erased. What is of a local supplement is kept as long as what is usually filed of its kind.
    const codes = [
      ...new Set(current.on(today).flatMap(({ kind, values }) => (kind === 'RETENTION' ? Object.keys(values) : []))),
    ];
    const months = new Map(codes.map((code) => [code, current.find('RETENTION', code, today)?.number ?? null]));
    for (const { code, admits } of localItems(current))
      for (const kind of Object.keys(admits)) months.set(code, months.get(usualItemOf(kind) ?? '') ?? null);
    const kept = [...months].flatMap(([code, number]) => (number === null ? [] : [[code, number] as const]));
    const due: Due = { codes: kept.map(([code]) => code), months: kept.map(([, number]) => number), today, at };
    let erased = 0;
    for (const step of steps) {
      for (let after: Key | null = START; after !== null;) {
        const done: Awaited<ReturnType<typeof step>> = await step(after, due);
        erased += done.erased;
        after = done.next;
      }
    }
    return erased;
  };
}

const TIMES = { firstMs: 60_000, everyMs: 60 * 60_000 };

/** Sweeps once on each day in Shanghai, and again within an hour of a failure. */
export const startSweeping = (sweep: Sweep, options: DailyOptions, times = TIMES): Disposable =>
  startDaily(sweep, {
    ...options,
    ...times,
    work: 'retention',
    began: 'erasing what is no longer kept failed; it is tried again each hour',
    over: 'what is no longer kept is erased again',
    onDone(erased) {
      if (erased > 0) options.log.info({ erased }, 'records whose retention has ended were erased');
    },
  });
