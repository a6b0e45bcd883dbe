import { randomUUID } from 'node:crypto';
import type { Client } from '#kit/postgres/pool.ts';
import { closeConflicts, keepConflicts, type OpenConflict, type Side } from '#records/conflicts.ts';
import type { ChangeStamp } from '#records/outbox.ts';
import type { CurrentVersion } from './currentVersion.ts';
import type { Disputes } from './disputes.ts';
import type { CorrectedVersion, VersionWriter } from './newVersions.ts';
import type { RecordTable } from './record.ts';
import { createRestatement, type Restate, type Restated } from './restatement.ts';
import { stagedNameOf } from './stagedTable.ts';

// The conflicts that the rows of a batch open, keep open and end.

type Stamp = ChangeStamp & { readonly kind: string };

export interface ConflictsWriter {
  /** Opens and ends conflicts; the present version of each record is stated again. */
  restate(
    client: Client,
    versions: VersionWriter,
    disputes: Disputes,
    stamp: Stamp,
  ): Promise<{
    /** `stateOf` the versions before, by position. */
    readonly before: ReadonlyMap<number, string | null>;
    /** The version that is believed now, by position. */
    readonly versions: ReadonlyMap<number, number>;
  }>;
  /** The version that a correction makes, in the conflict that stays open about it. */
  correctedIn(disputes: Disputes): (version: CurrentVersion) => CorrectedVersion;
  /** Keeps the conflicts of corrected records open with the new statement, or closes them: their sides agree. */
  afterCorrections(
    client: Client,
    corrected: readonly CurrentVersion[],
    disputes: Disputes,
    stamp: Stamp,
  ): Promise<void>;
}

/** The record of a staged row, and who states it there and in the current version. */
interface Owners {
  readonly position: number;
  readonly uscc: string;
  readonly record_id: string;
  readonly province: string;
  readonly sector: string | null;
  readonly source: Owner;
  readonly current: Owner;
}
type Owner = Omit<Side, 'version'>;

/** What the conflicts of one table are written with. */
interface Deps {
  readonly restate: Restate;
  readonly owners: (
    client: Client,
    versions: readonly Pick<CurrentVersion, 'position' | 'version'>[],
  ) => Promise<(position: number) => Owners>;
}

function createOwners<Own extends string>(table: RecordTable<Own>): Deps['owners'] {
  const owner = (row: string): string =>
    `json_build_object('sourceUnit', ${row}.source_unit, 'sourceUnitName', ${row}.source_unit_name,
       'determiningUnit', ${row}.determining_unit)`;
  const text = `
    select staged.position, staged.uscc, staged.record_id, record.province, record.sector,
           ${owner('staged')} as source, ${owner('record')} as current
    from unnest($1::int[], $2::int[]) as asked(position, version)
    join ${stagedNameOf(table)} staged using (position)
    join ${table.schema}.${table.name} record
      on record.uscc = staged.uscc and record.record_id = staged.record_id and record.version = asked.version`;
  return async (client, versions) => {
    const { rows } = await client.query<Owners>(text, [
      versions.map(({ position }) => position),
      versions.map(({ version }) => version),
    ]);
    const byPosition = new Map(rows.map((row) => [row.position, row]));
    return (position) => byPosition.get(position) as Owners; // its version is there: it was read or written just now
  };
}

const recordOf = ({ uscc, record_id: recordId }: Owners) => ({ uscc, recordId });

const conflictOf = (id: string, kind: string, of: Owners, fields: readonly string[], sides: readonly Side[]) =>
  ({ ...recordOf(of), id, kind, province: of.province, sector: of.sector, fields, sides }) satisfies OpenConflict;

/** Creates the writer of one table's conflicts. It needs the staged rows and the clock of the same transaction. */
export function createConflictsWriter<Own extends string>(table: RecordTable<Own>): ConflictsWriter {
  const deps: Deps = { restate: createRestatement(table), owners: createOwners(table) };
  return {
    restate: (client, versions, disputes, stamp) => restateAll(deps, client, versions, disputes, stamp),
    correctedIn:
      ({ stillDisputed }) =>
      (version) => ({ ...version, stillIn: stillDisputed.has(version.position) ? version.fact_conflict : null }),
    afterCorrections: (client, corrected, disputes, stamp) => keepUp(deps, client, corrected, disputes, stamp),
  };
}

async function restateAll(
  { restate, owners }: Deps,
  client: Client,
  versions: VersionWriter,
  { disputed, settled }: Disputes,
  stamp: Stamp,
): ReturnType<ConflictsWriter['restate']> {
  const opened = disputed.map(({ current, fields }) => ({
    position: current.position,
    version: current.version,
    conflict: current.fact_conflict ?? randomUUID(),
    fields,
  }));
  const over = settled.map(({ position, version }) => ({ position, version, conflict: null }));
  const restated: Restated[] = [...opened, ...over];
  const before = await versions.statesOf(
    client,
    restated.map(({ position }) => position),
  );
  await restate(client, restated, stamp);
  const at = await owners(client, restated);
  await keepConflicts(
    client,
    stamp.recordedAt,
    opened.map(({ position, version, conflict, fields }) =>
      conflictOf(conflict, stamp.kind, at(position), fields, [
        { ...at(position).current, version: version + 2 },
        { ...at(position).source, version: version + 1 },
      ]),
    ),
  );
  await closeConflicts(
    client,
    stamp.recordedAt,
    'CORRECTION',
    over.map(({ position }) => recordOf(at(position))),
  );
  return {
    before,
    versions: new Map([
      ...opened.map(({ position, version }) => [position, version + 2] as const),
      ...over.map(({ position, version }) => [position, version + 1] as const),
    ]),
  };
}

async function keepUp(
  { owners }: Deps,
  client: Client,
  corrected: readonly CurrentVersion[],
  { stillDisputed, prevailing }: Disputes,
  { recordedAt, kind }: Stamp,
): Promise<void> {
  const inConflict = corrected.filter(({ fact_conflict }) => fact_conflict !== null);
  if (inConflict.length === 0) return;
  const at = await owners(client, inConflict);
  const {
    kept = [],
    prevailed = [],
    agreed = [],
  } = Object.groupBy(inConflict, ({ position }) =>
    stillDisputed.has(position) ? 'kept' : prevailing.has(position) ? 'prevailed' : 'agreed',
  );
  const records = (versions: readonly CurrentVersion[]) => versions.map(({ position }) => recordOf(at(position)));
  await keepConflicts(
    client,
    recordedAt,
    kept.map(({ position, version, fact_conflict: id }) =>
      conflictOf(id ?? '', kind, at(position), stillDisputed.get(position) ?? [], [
        { ...at(position).source, version: version + 1 },
      ]),
    ),
  );
  await closeConflicts(client, recordedAt, 'AUTHORITY', records(prevailed));
  await closeConflicts(client, recordedAt, 'CORRECTION', records(agreed));
}
