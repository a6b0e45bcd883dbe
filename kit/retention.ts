import { shanghaiDay } from '#standards/dates.ts';
import type { SubgraphName } from './config.ts';
import type { Log } from './log.ts';
import { type Pool, query, statement } from './postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from './filing/replacement.ts';
import type { RuleBook } from './ruleBook.ts';

// Records are kept as long as the rules of kind RETENTION say, counted from the day on which they have ended; then content is erased,
// of all versions, while id, dates, versions and keyed digests stay, so that chains still verify (design §6).

/** A table of records, with what beside the columns that all have is erased. */
export interface ErasableTable {
  readonly schema: SubgraphName;
  readonly name: string;
  /** Columns that cannot be null: made empty texts. */
  readonly emptied: readonly string[];
  /** Columns made null. */
  readonly nulled: readonly string[];
  /**
   * Whether a record without `valid_to` is of something that was, and not in force for good: then it has ended with its publication. A
   * licence for an unlimited time never ends.
   */
  readonly ofEvents: boolean;
}

/** Erases what is due by now. @returns how many records. Safe beside filings, and on several instances at once. */
export type Sweep = () => Promise<number>;

/** Rows looked at in one statement: the walk holds no lock longer than that takes. */
const SLICE = 5000;

/**
 * The day on which a record of level PUBLIC ended is the one after its last day of publication, or of validity if that is later. A
 * withdrawn one has ended with its withdrawal. Null: it has not ended.
 */
const endedOn = ({ ofEvents }: ErasableTable): string => `coalesce(record.withdrawn_on, case when ${ofEvents ? 'true' : 'record.valid_to is not null'} then greatest(record.valid_to, record.public_until + 1) end)`;

function createStep(table: ErasableTable) {
  const name = `${table.schema}.${table.name}`;
  const blank = [...table.emptied.map((column) => `${column} = ''`), ...table.nulled.map((column) => `${column} = null`)];
  // What a full replacement ended still comes back when it is filed again: that it was one stays.
  // A walk down the index of current versions. Rows that a filing holds are left for the next sweep: it may be bringing them back.
  return statement(
    `${name}.retention`,
    `with slice as (
       select record.uscc, record.record_id
       from ${name} record
       where record.superseded_at = 'infinity'
         and (record.uscc, record.record_id) > ($1::text, $2::uuid)
       order by record.uscc, record.record_id
       limit $3
     ), due as (
       select record.uscc, record.record_id
       from ${name} record
       join slice on record.uscc = slice.uscc and record.record_id = slice.record_id
       join unnest($4::text[], $5::int[]) as rule(code, months) on rule.code = record.catalogue_code
       where record.superseded_at = 'infinity'
         and record.erased_at is null
         and not record.under_objection
         and ${endedOn(table)} + make_interval(months => rule.months) <= $6::date
       for update of record skip locked
     ), erased as (
       update ${name} record
       set content = '{}', additional_fields = null, source_record_id = null, withdrawal_reason = case withdrawal_reason when '${NOT_IN_REPLACEMENT}' then withdrawal_reason end, erased_at = $7::timestamptz${blank.map((each) => `, ${each}`).join('')}
       from due
       where record.uscc = due.uscc
         and record.record_id = due.record_id
         and record.erased_at is null
       returning record.uscc, record.record_id
     )
     select last.uscc, last.record_id, last.length::int as length, (select count(*) from (select distinct uscc, record_id from erased) record)::int as erased
     from (
       select slice.uscc, slice.record_id, count(*) over () as length
       from slice
       order by slice.uscc desc, slice.record_id desc
       limit 1
     ) last`,
  );
}

/** @param slice rows looked at at once */
export function createSweep({ pool, rules, now }: { readonly pool: Pool; readonly rules: RuleBook; readonly now: () => Date }, tables: readonly ErasableTable[], slice = SLICE): Sweep {
  const steps = tables.map(createStep);
  return async () => {
    const at = now();
    const today = shanghaiDay(at);
    const current = await rules.fresh();
    // By what is in force now, whenever the record ended: a rule that lengthens retention must save what is not yet erased.
    const codes = [...new Set(current.on(today).flatMap(({ kind, values }) => (kind === 'RETENTION' ? Object.keys(values) : [])))];
    const months = codes.map((code) => current.find('RETENTION', code, today)?.number ?? null);
    const kept = codes.filter((_, index) => months[index] !== null);
    let erased = 0;
    for (const step of steps) {
      for (let after: readonly [string, string] | null = ['', '00000000-0000-0000-0000-000000000000']; after !== null; ) {
        const [last]: { uscc: string; record_id: string; length: number; erased: number }[] = await query(pool, step, [...after, slice, kept, months.filter((each) => each !== null), today, at.toISOString()]);
        erased += last?.erased ?? 0;
        after = last && last.length === slice ? [last.uscc, last.record_id] : null;
      }
    }
    return erased;
  };
}

const FIRST_MS = 60_000;
const EVERY_MS = 60 * 60_000;

/** Sweeps once on each day in Shanghai, and again in the next hour where it failed. */
export function startSweeping(sweep: Sweep, now: () => Date, log: Log): Disposable {
  let swept = '';
  let isRunning = false;
  const run = (): void => {
    const today = shanghaiDay(now());
    if (today === swept || isRunning) return;
    isRunning = true;
    void sweep()
      .then(
        (erased) => {
          swept = today;
          if (erased > 0) log.info({ erased }, 'records whose retention has ended were erased');
        },
        (error: unknown) => log.error({ err: error }, 'erasing what is no longer kept failed; it is tried again in an hour'),
      )
      .finally(() => (isRunning = false));
  };
  const first = setTimeout(run, FIRST_MS).unref();
  const timer = setInterval(run, EVERY_MS).unref();
  return {
    [Symbol.dispose]() {
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}
