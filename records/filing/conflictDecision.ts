import { query, statement, transaction, type Pool } from '#kit/postgres/pool.ts';
import type { Viewer } from '#policy/viewer.ts';
import { closeConflicts } from '#records/conflicts.ts';
import type { Instants } from '#records/instants.ts';
import { auditChange, createFeed } from '#records/outbox.ts';
import { endVersions, insertVersions, KEPT_COLUMNS, valuesOf } from '#records/versions.ts';
import { type RecordTable, stagedColumns } from './record.ts';

/** A conflict of facts, as the gateway names it to the subgraph that keeps the record. */
export interface DecidedConflict {
  readonly uscc: string;
  /** UUID text. */
  readonly id: string;
  /** Shown with the conflict as its reason. */
  readonly grounds: string;
}

/**
 * Ends a conflict by a decision: the record is stated again without it. What it states stays; a source that was wrong
 * corrects its own statement by a filing. The gateway has checked that the viewer may decide.
 * @returns false where it is not open any more
 */
export type DecideConflict = (viewer: Viewer, conflict: DecidedConflict) => Promise<boolean>;

/** Creates what ends the conflicts about the records of one table. */
export function createConflictDecision<Own extends string>(
  table: RecordTable<Own>,
  pool: Pool,
  instants: Instants,
): DecideConflict {
  const target = `${table.schema}.${table.name}`;
  const feed = createFeed(table);
  const find = statement(
    `${target}.in_conflict`,
    `select record.record_id as "recordId", record.version, ${feed.stateOf('record')} as before
     from ${target} record
     where record.uscc = $1 and record.fact_conflict = $2::uuid and record.superseded_at = 'infinity'
     limit 1`,
  );
  const end = statement(
    `${target}.end_in_conflict`,
    endVersions({
      table: target,
      where: `record.uscc = $1 and record.record_id = $2::uuid and record.superseded_at = 'infinity'`,
      at: '$3::timestamptz',
    }),
  );
  const insert = statement(
    `${target}.out_of_conflict`,
    insertVersions({
      table: target,
      values: {
        ...valuesOf('record', [...stagedColumns(table), ...KEPT_COLUMNS, 'filing_id']),
        version: 'record.version + 1',
        recorded_at: '$4::timestamptz',
      },
      from: `${target} record where record.uscc = $1 and record.record_id = $2::uuid and record.version = $3`,
    }),
  );

  return (viewer, { uscc, id, grounds }) =>
    transaction(pool, `decide a conflict of ${target}`, async (client) => {
      const stamp = { recordedAt: await instants.stamp(client), filingId: null };
      const { recordedAt } = stamp;
      const [found] = await query<{ recordId: string; version: number; before: string | null }>(client, find, [
        uscc,
        id,
      ]);
      if (!found) return false;
      const { recordId, version, before } = found;
      await query(client, end, [uscc, recordId, recordedAt]);
      await query(client, insert, [uscc, recordId, version, recordedAt]);
      await closeConflicts(client, recordedAt, 'DECISION', [{ uscc, recordId }], grounds);
      const record = { uscc, recordId, version: version + 1 };
      await feed.announce(client, stamp, [{ ...record, before }]);
      await auditChange(client, viewer, {
        ...stamp,
        schema: table.schema,
        action: 'closeFactConflict',
        record,
        rows: 1,
        details: { conflict: id, grounds },
      });
      return true;
    });
}
