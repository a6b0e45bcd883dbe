import { provinceOfCode } from '#standards/divisions.ts';
import { type Client, query, statement } from '#kit/postgres/pool.ts';

// Conflicts of facts (schema `conflict`): two sources that contradict each other are both kept until it is decided
// (国办发〔2019〕35号 第十四条). A version of the record has the conflict's id while it is open under that version.

/** Marks the ids of conflicts (records/record.ts, `encodeId`). */
export const FACT_CONFLICT = 'FactConflict';

/** A statement of one source, by the version of the record that holds it. */
export interface Side {
  readonly sourceUnit: string;
  readonly sourceUnitName: string | null;
  readonly determiningUnit: string | null;
  readonly version: number;
}

/** A conflict that is open from now on, or stays open, with the latest statements of its sources. */
export interface OpenConflict {
  readonly id: string;
  readonly uscc: string;
  readonly recordId: string;
  /** The kind of filing, which says who keeps the record. */
  readonly kind: string;
  readonly province: string;
  readonly sector: string | null;
  readonly fields: readonly string[];
  readonly sides: readonly Side[];
}

const open = statement(
  'conflict.open',
  `insert into conflict.fact_conflict as known
     (id, uscc, record_id, kind, province, sector, fields, opened_at)
   select asked.id, asked.uscc, asked.record_id, asked.kind, asked.province, asked.sector,
          array(select jsonb_array_elements_text(asked.fields) order by 1), $1::timestamptz
   from jsonb_to_recordset($2::jsonb) as asked
     (id uuid, uscc text, record_id uuid, kind text, province text, sector text, fields jsonb)
   on conflict (uscc, id) do update set fields = excluded.fields`,
);
const keepSides = statement(
  'conflict.keep_sides',
  `insert into conflict.side as known
     (uscc, conflict, source_unit, source_unit_name, determining_unit, province, version, recorded_at)
   select side.uscc, side.conflict, side.source_unit, side.source_unit_name, side.determining_unit, side.province,
          side.version, $1::timestamptz
   from jsonb_to_recordset($2::jsonb) as side
     (uscc text, conflict uuid, source_unit text, source_unit_name text, determining_unit text, province text,
      version int)
   on conflict (uscc, conflict, source_unit) do update
   set version = excluded.version, recorded_at = excluded.recorded_at,
       source_unit_name = excluded.source_unit_name, determining_unit = excluded.determining_unit`,
);
const close = statement(
  'conflict.close',
  `update conflict.fact_conflict
   set closed_at = $1::timestamptz, closed_by = $2, reason = $3
   from unnest($4::text[], $5::uuid[]) as record(uscc, record_id)
   where fact_conflict.uscc = record.uscc
     and fact_conflict.record_id = record.record_id
     and fact_conflict.closed_at is null`,
);

/** Opens conflicts, or keeps them open with newer statements, in the transaction of the versions. */
export async function keepConflicts(client: Client, recordedAt: string, conflicts: readonly OpenConflict[]) {
  if (conflicts.length === 0) return;
  const rows = conflicts.map(({ id, uscc, recordId, kind, province, sector, fields }) => ({
    id,
    uscc,
    record_id: recordId,
    kind,
    province,
    sector,
    fields,
  }));
  const sides = conflicts.flatMap(({ id, uscc, sides: stated }) =>
    stated.map(({ sourceUnit, sourceUnitName, determiningUnit, version }) => ({
      uscc,
      conflict: id,
      source_unit: sourceUnit,
      source_unit_name: sourceUnitName,
      determining_unit: determiningUnit,
      province: provinceOfCode(sourceUnit),
      version,
    })),
  );
  await query(client, open, [recordedAt, JSON.stringify(rows)]);
  await query(client, keepSides, [recordedAt, JSON.stringify(sides)]);
}

/**
 * Why a conflict is over. CORRECTION: its sides agree. AUTHORITY: who determined the fact has withdrawn or
 * decided it, which prevails at once. DECISION: somebody who may decide it did, with a reason.
 */
export type ClosedBy = 'CORRECTION' | 'AUTHORITY' | 'DECISION';

/** Closes what is open about these records, in the transaction of the version that is no longer disputed. */
export async function closeConflicts(
  client: Client,
  recordedAt: string,
  by: ClosedBy,
  records: readonly { readonly uscc: string; readonly recordId: string }[],
  reason: string | null = null,
): Promise<void> {
  if (records.length === 0) return;
  await query(client, close, [
    recordedAt,
    by,
    reason,
    records.map(({ uscc }) => uscc),
    records.map(({ recordId }) => recordId),
  ]);
}
