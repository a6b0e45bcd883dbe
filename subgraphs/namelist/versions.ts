import type { SubgraphContext } from '#kit/context.ts';
import { closeConflicts } from '#records/conflicts.ts';
import { createFeed } from '#records/outbox.ts';
import { SUBJECT_NAME } from '#records/filing/content.ts';
import { createStager, stagedColumns } from '#records/filing/record.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';
import { decodeId, NOT_IN_REPLACEMENT, recordColumns } from '#records/record.ts';
import { endVersions, insertVersions, valuesOf } from '#records/versions.ts';
import { promisedDelayHoursOn } from '#records/sourceUnits.ts';
import type { SubgraphRuntime } from '#records/subgraph.ts';
import { rightsColumns, rowParameters, rowPredicate, rowScope, rowValues, versionRight } from '#policy/rows.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Rules } from '#standards/ruleSets.ts';
import { type EntryFiling, table } from './ingest.ts';
import type { EntryRow } from './repository.ts';

/** The marker in the ids of entries. */
export const ENTRY = 'NameListEntry';

export interface EntryKey {
  readonly uscc: string;
  readonly recordId: string;
}

/** The key in the id that a client sends; null for the id of something else. */
export function keyOfEntry(id: string): EntryKey | null {
  const key = decodeId(id);
  return key?.kind === ENTRY ? key : null;
}

/** The version of an entry that is believed now. */
export interface CurrentEntry extends Omit<EntryRow, 'state'> {
  /** The facets of this version as text, for the stream of changes. */
  readonly before: string;
  readonly withdrawal_reason: string | null;
}

/** The unit that writes, the instant and the rules in force. */
export interface WrittenBy {
  /** The instant that was stamped in the transaction. */
  readonly recordedAt: string;
  readonly unit: string;
  readonly rules: Rules;
}

/**
 * Versions of entries, written one by one in the same way as a filing writes them in batches (records/filing/merge.ts).
 * An entry that is read after the instant of the transaction was stamped stays current until the commit.
 */
export interface EntryVersions {
  /** Reads the current entry. Null when there is none that the viewer may see. */
  find(client: Client, context: SubgraphContext, key: EntryKey): Promise<CurrentEntry | null>;
  /** Whether there is, or was, an entry with this identity. */
  exists(client: Client, key: EntryKey): Promise<boolean>;
  /** Whether two entries state the same. */
  isSame(one: EntryFiling, other: EntryFiling): boolean;
  /**
   * Whether a row states what was recorded or proposed before. What was recorded before filed names were kept
   * has none, and is the same whatever the name.
   */
  restates(row: EntryFiling, before: EntryFiling): boolean;
  /**
   * Writes the first version of an entry, or the next version of a current one, and announces it. Returns its number.
   */
  write(client: Client, entry: EntryFiling, currentVersion: CurrentEntry | null, by: WrittenBy): Promise<number>;
  /** Notes that the unit has filed now, so that it counts as in time. */
  noteUnit(client: Client, unit: string, rules: Rules): Promise<void>;
}

const feed = createFeed(table);
const findCurrent = statement(
  'namelist.entry.standing',
  `select ${recordColumns('entry')}, ${table.columns.map((column) => `entry.${column}`).join(', ')},
          entry.withdrawal_reason, ${feed.stateOf('entry')} as before
   from namelist.entry
   where entry.uscc = $${rowParameters + 1}
     and entry.record_id = $${rowParameters + 2}::uuid
     and entry.superseded_at = 'infinity'
     and ${rowPredicate('entry', 1)}
   limit 1`,
);
const findAny = statement(
  'namelist.entry.exists',
  'select version from namelist.entry where uscc = $1 and record_id = $2::uuid limit 1',
);
const entryRow = 'jsonb_populate_record(null::namelist.entry, $1::jsonb) filed';
const endCurrent = statement(
  'namelist.entry.supersede',
  endVersions({
    table: 'namelist.entry',
    from: entryRow,
    where: 'record.uscc = filed.uscc and record.record_id = filed.record_id',
    at: '$2::timestamptz',
    rights: {
      ...Object.fromEntries(rightsColumns.map((column) => [column, versionRight('record', column, `filed.${column}`)])),
      withdrawal_reason: `nullif(record.withdrawal_reason, '${NOT_IN_REPLACEMENT}')`,
    },
  }),
);
const insertVersion = statement(
  'namelist.entry.insert',
  insertVersions({
    table: 'namelist.entry',
    values: {
      ...valuesOf('filed', stagedColumns(table)),
      version: '$2::int',
      digest: "decode($3, 'hex')",
      recorded_at: '$4::timestamptz',
      collected_at: 'coalesce($5::timestamptz, $4::timestamptz)',
      under_objection: '$6::boolean',
    },
    from: entryRow,
  }),
);
// A decision counts as a filing: the unit is in time.
const noteFiling = statement(
  'namelist.source_unit.note',
  `insert into namelist.source_unit (uscc, kind, promised_delay_hours, last_filed_at, first_filed_at)
   values ($1, 'name-list', $2, $3::timestamptz, now())
   on conflict (uscc, kind) do update
   set last_filed_at = greatest(excluded.last_filed_at, source_unit.last_filed_at),
       first_filed_at = coalesce(source_unit.first_filed_at, excluded.first_filed_at)`,
);

const withoutSubjectName = (entry: EntryFiling): EntryFiling => {
  const { [SUBJECT_NAME]: _, ...content } = entry.content;
  return { ...entry, content };
};

export function createEntryVersions({ digest, now }: SubgraphRuntime): EntryVersions {
  const stage = createStager(table, digest, false);
  const digestOf = (entry: EntryFiling): string => stage(1, entry).digest;

  const noteUnit: EntryVersions['noteUnit'] = async (client, unit, rules) => {
    await query(client, noteFiling, [unit, promisedDelayHoursOn(rules, shanghaiDay(now())) ?? 0, now().toISOString()]);
  };

  return {
    noteUnit,
    async find(client, { viewer, today }, { uscc, recordId }) {
      const [row] = await query<CurrentEntry>(client, findCurrent, [
        ...rowValues(rowScope(viewer), today),
        uscc,
        recordId,
      ]);
      return row ?? null;
    },
    exists: async (client, { uscc, recordId }) => (await query(client, findAny, [uscc, recordId])).length > 0,
    isSame: (one, other) => digestOf(one) === digestOf(other),
    restates: (row, before) =>
      digestOf(before) === digestOf(SUBJECT_NAME in before.content ? row : withoutSubjectName(row)),
    async write(client, entry, currentVersion, { recordedAt, unit, rules }) {
      const json = JSON.stringify(entry);
      const version = (currentVersion?.version ?? 0) + 1;
      if (currentVersion) await query(client, endCurrent, [json, recordedAt]);
      await query(client, insertVersion, [
        json,
        version,
        digestOf(entry),
        recordedAt,
        currentVersion?.collected_at ?? null,
        currentVersion?.under_objection ?? false,
      ]);
      // What the determining unit decides prevails at once, whatever another source states.
      if (currentVersion?.fact_conflict)
        await closeConflicts(client, recordedAt, 'AUTHORITY', [{ uscc: entry.uscc, recordId: entry.record_id }]);
      await noteUnit(client, unit, rules);
      await feed.announce(client, { recordedAt, filingId: null }, [
        { uscc: entry.uscc, recordId: entry.record_id, version, before: currentVersion?.before ?? null },
      ]);
      return version;
    },
  };
}
