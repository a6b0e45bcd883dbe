import type { SubgraphContext } from '#kit/context.ts';
import { createFeed } from '#kit/feed.ts';
import { createStager, stagedColumns } from '#kit/filing/record.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT, recordColumns } from '#kit/records.ts';
import { promisedDelayHoursOn } from '#kit/sourceUnits.ts';
import type { Workshop } from '#kit/subgraph.ts';
import { keepOwnRights, rightsColumns, rowParameters, rowPredicate, rowScope, rowValues, versionRight } from '#policy/rows.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { type EntryFiling, table } from './ingest.ts';
import type { EntryRow } from './repository.ts';

export interface EntryKey {
  readonly uscc: string;
  readonly recordId: string;
}

/** The version of an entry that is believed now. */
export interface StandingEntry extends Omit<EntryRow, 'state'> {
  /** What it was matched by, for the log. */
  readonly before: string;
  readonly withdrawal_reason: string | null;
}

/** Which unit writes, when and under which rules. */
export interface WrittenBy {
  /** The instant that was stamped in the transaction. */
  readonly recordedAt: string;
  readonly unit: string;
  readonly rules: Rules;
}

/**
 * Versions of entries, written one by one as a filing writes them in batches (kit/filing/merge.ts). What is found after the instant of the
 * transaction was stamped stands until its commit.
 */
export interface EntryVersions {
  /** Null where there is none that the viewer may see. */
  find(client: Client, context: SubgraphContext, key: EntryKey): Promise<StandingEntry | null>;
  /** Whether there is, or was, an entry with this identity. */
  exists(client: Client, key: EntryKey): Promise<boolean>;
  /** Whether two entries state the same. */
  isSame(one: EntryFiling, other: EntryFiling): boolean;
  /** Writes the first version of an entry, or the next of one that stands, and tells it. Gives its number. */
  write(client: Client, entry: EntryFiling, standing: StandingEntry | null, by: WrittenBy): Promise<number>;
  /** Notes that the unit has spoken now: it is in time. */
  noteUnit(client: Client, unit: string, rules: Rules): Promise<void>;
}

export function createEntryVersions({ digest, now }: Workshop): EntryVersions {
  const feed = createFeed(table);
  const stage = createStager(table, digest, false);
  const digestOf = (entry: EntryFiling): string => stage(1, entry).digest;
  const columns = stagedColumns(table);
  const find = statement(
    'namelist.entry.standing',
    `select ${recordColumns('entry')}, ${table.columns.map((column) => `entry.${column}`).join(', ')}, entry.withdrawal_reason, ${feed.stateOf('entry')} as before
     from namelist.entry
     where entry.uscc = $${rowParameters + 1}
       and entry.record_id = $${rowParameters + 2}::uuid
       and entry.superseded_at = 'infinity'
       and ${rowPredicate('entry', 1)}
     limit 1`,
  );
  const exists = statement('namelist.entry.exists', 'select version from namelist.entry where uscc = $1 and record_id = $2::uuid limit 1');
  // Rights are those of now on every version, or its own narrower ones.
  const supersede = statement(
    'namelist.entry.supersede',
    `update namelist.entry record
     set superseded_at = least(record.superseded_at, $2::timestamptz),
         ${rightsColumns.map((column) => `${column} = ${versionRight('record', column, `filed.${column}`)}`).join(',\n         ')},
         ${keepOwnRights('record')},
         withdrawal_reason = nullif(record.withdrawal_reason, '${NOT_IN_REPLACEMENT}')
     from jsonb_populate_record(null::namelist.entry, $1::jsonb) filed
     where record.uscc = filed.uscc
       and record.record_id = filed.record_id`,
  );
  const insert = statement(
    'namelist.entry.insert',
    `insert into namelist.entry (version, digest, recorded_at, collected_at, under_objection, ${columns.join(', ')})
     select $2::int, decode($3, 'hex'), $4::timestamptz, coalesce($5::timestamptz, $4::timestamptz), $6::boolean, ${columns.map((column) => `filed.${column}`).join(', ')}
     from jsonb_populate_record(null::namelist.entry, $1::jsonb) filed`,
  );
  // A decision is as good as a filing: the unit is in time.
  const note = statement(
    'namelist.source_unit.note',
    `insert into namelist.source_unit (uscc, kind, promised_delay_hours, last_filed_at, first_filed_at)
     values ($1, 'name-list', $2, $3::timestamptz, now())
     on conflict (uscc, kind) do update
     set last_filed_at = greatest(excluded.last_filed_at, source_unit.last_filed_at),
         first_filed_at = coalesce(source_unit.first_filed_at, excluded.first_filed_at)`,
  );

  const noteUnit: EntryVersions['noteUnit'] = async (client, unit, rules) => {
    await query(client, note, [unit, promisedDelayHoursOn(rules, shanghaiDay(now())) ?? 0, now().toISOString()]);
  };

  return {
    noteUnit,
    async find(client, { viewer, today }, { uscc, recordId }) {
      const [row] = await query<StandingEntry>(client, find, [...rowValues(rowScope(viewer), today), uscc, recordId]);
      return row ?? null;
    },
    exists: async (client, { uscc, recordId }) => (await query(client, exists, [uscc, recordId])).length > 0,
    isSame: (one, other) => digestOf(one) === digestOf(other),
    async write(client, entry, standing, { recordedAt, unit, rules }) {
      const json = JSON.stringify(entry);
      const version = (standing?.version ?? 0) + 1;
      if (standing) await query(client, supersede, [json, recordedAt]);
      await query(client, insert, [json, version, digestOf(entry), recordedAt, standing?.collected_at ?? null, standing?.under_objection ?? false]);
      await noteUnit(client, unit, rules);
      await feed.announce(client, { recordedAt, filingId: null }, [{ uscc: entry.uscc, recordId: entry.record_id, version, before: standing?.before ?? null }]);
      return version;
    },
  };
}
