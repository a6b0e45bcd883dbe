import { randomUUID } from 'node:crypto';
import type { Client } from '#kit/postgres/pool.ts';
import { closeConflicts, keepConflicts, type OpenConflict, type Side } from '#records/conflicts.ts';
import type { ChangeStamp } from '#records/outbox.ts';
import type { CurrentVersion } from './comparison.ts';
import type { Disputes } from './disputes.ts';
import type { CorrectedVersion, VersionWriter } from './newVersions.ts';
import type { RecordTable } from './record.ts';
import { createRestatement, type Restated } from './restatement.ts';
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
  readonly filed: Owner;
  readonly current: Owner;
}
type Owner = Omit<Side, 'version'>;

/** Creates the writer of one table's conflicts. It needs the staged rows and the clock of the same transaction. */
export function createConflictsWriter<Own extends string>(table: RecordTable<Own>): ConflictsWriter {
  const restate = createRestatement(table);
  const owner = (row: string): string =>
    `json_build_object('sourceUnit', ${row}.source_unit, 'sourceUnitName', ${row}.source_unit_name,
       'determiningUnit', ${row}.determining_unit)`;
  const readOwners = `
    select staged.position, staged.uscc, staged.record_id, record.province, record.sector,
           ${owner('staged')} as filed, ${owner('record')} as current
    from unnest($1::int[], $2::int[]) as asked(position, version)
    join ${stagedNameOf(table)} staged using (position)
    join ${table.schema}.${table.name} record
      on record.uscc = staged.uscc and record.record_id = staged.record_id and record.version = asked.version`;
  const ownersOf = async (
    client: Client,
    versions: readonly Pick<CurrentVersion, 'position' | 'version'>[],
  ): Promise<ReadonlyMap<number, Owners>> => {
    const { rows } = await client.query<Owners>(readOwners, [
      versions.map(({ position }) => position),
      versions.map(({ version }) => version),
    ]);
    return new Map(rows.map((row) => [row.position, row]));
  };
  const recordOf = ({ uscc, record_id: recordId }: Owners) => ({ uscc, recordId });

  return {
    async restate(client, versions, { disputed, settled }, stamp) {
      const restated: Restated[] = [
        ...disputed.map(({ current: { position, version, fact_conflict } }) => ({
          position,
          version,
          conflict: fact_conflict ?? randomUUID(),
        })),
        ...settled.map(({ position, version }) => ({ position, version, conflict: null })),
      ];
      const before = await versions.statesOf(
        client,
        restated.map(({ position }) => position),
      );
      await restate(client, restated, stamp);
      const owners = await ownersOf(client, restated);
      const fieldsAt = new Map(disputed.map(({ current, fields }) => [current.position, fields]));
      const open: OpenConflict[] = [];
      const over: Owners[] = [];
      for (const { position, version, conflict } of restated) {
        const of = owners.get(position) as Owners; // its version was written just now
        if (conflict === null) over.push(of);
        else
          open.push({
            ...recordOf(of),
            id: conflict,
            kind: stamp.kind,
            province: of.province,
            sector: of.sector,
            fields: fieldsAt.get(position) ?? [],
            sides: [
              { ...of.current, version: version + 2 },
              { ...of.filed, version: version + 1 },
            ],
          });
      }
      await keepConflicts(client, stamp.recordedAt, open);
      await closeConflicts(client, stamp.recordedAt, 'CORRECTION', over.map(recordOf));
      return {
        before,
        versions: new Map(
          restated.map(({ position, version, conflict }) => [position, version + (conflict === null ? 1 : 2)]),
        ),
      };
    },

    correctedIn:
      ({ stillDisputed }) =>
      (version) => ({ ...version, stillIn: stillDisputed.has(version.position) ? version.fact_conflict : null }),

    async afterCorrections(client, corrected, { stillDisputed, prevailing }, stamp) {
      const inConflict = corrected.filter(({ fact_conflict }) => fact_conflict !== null);
      if (inConflict.length === 0) return;
      const owners = await ownersOf(client, inConflict);
      const at = ({ position }: CurrentVersion): Owners => owners.get(position) as Owners; // read just now
      const [kept, over] = [
        inConflict.filter(({ position }) => stillDisputed.has(position)),
        inConflict.filter(({ position }) => !stillDisputed.has(position)),
      ];
      await keepConflicts(
        client,
        stamp.recordedAt,
        kept.map((version) => ({
          ...recordOf(at(version)),
          id: version.fact_conflict as string, // kept only where there is one
          kind: stamp.kind,
          province: at(version).province,
          sector: at(version).sector,
          fields: stillDisputed.get(version.position) ?? [],
          sides: [{ ...at(version).filed, version: version.version + 1 }],
        })),
      );
      for (const [by, prevails] of [
        ['DETERMINING_UNIT', true],
        ['CORRECTION', false],
      ] as const)
        await closeConflicts(
          client,
          stamp.recordedAt,
          by,
          over.filter(({ position }) => prevailing.has(position) === prevails).map((version) => recordOf(at(version))),
        );
    },
  };
}
