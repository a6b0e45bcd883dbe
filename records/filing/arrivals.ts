import type { Client } from '#kit/postgres/pool.ts';
import type { RecordTable } from './record.ts';
import { stagedNameOf } from './stagedTable.ts';

// What a batch leaves besides its records: which rows arrived, for full replacements, and when each unit filed.

/** The rows of a batch that a full replacement has to know of: they are not missing, even if they are unchanged. */
export interface ArrivedRows {
  readonly kind: string;
  /** The source units of the batch. */
  readonly units: readonly string[];
  /** The filing of the batch where it is a full replacement itself; else null. */
  readonly replacingFiling: string | null;
  /** Positions of rows that were refused: they have not arrived. */
  readonly refused: readonly number[];
  /** Positions of rows whose record was the unit's own before, and not withdrawn. */
  readonly stood: readonly number[];
}

export interface ArrivedUnits {
  readonly kind: string;
  readonly units: readonly string[];
  readonly at: Date;
  /** The promised delay of a unit that is not registered. */
  readonly promisedDelayHours: number;
}

export interface Arrivals {
  /** Whether a full replacement of one of the units is open: some of its parts are recorded, and it is not applied. */
  hasOpenReplacement(client: Client, kind: string, units: readonly string[]): Promise<boolean>;
  /** Notes the rows for the batch's own replacement and for those that are open. */
  noteRows(client: Client, arrived: ArrivedRows): Promise<void>;
  /** Notes when the units filed last, and makes those that are not registered known. */
  noteUnits(client: Client, arrived: ArrivedUnits): Promise<void>;
}

/** Creates the notes about filings to one table. All of them run in the transaction of their batch. */
export function createArrivals<Own extends string>(table: RecordTable<Own>): Arrivals {
  const openReplacements = `
    select replacing.filing_id, replacing.unit
    from ${table.schema}.replacing_filing replacing
    where replacing.open and replacing.kind = $1 and replacing.unit = any($2::text[])`;
  const noteRows = `
    insert into ${table.schema}.filed_row (filing_id, uscc, record_id, stood)
    select seeing.filing_id, staged.uscc, staged.record_id, staged.position = any($5::int[])
    from (${openReplacements}
      union
      select $3::uuid, own.unit
      from unnest($2::text[]) own(unit)
      where $3::uuid is not null) seeing
    join ${stagedNameOf(table)} staged on staged.source_unit = seeing.unit
    where staged.position <> all($4::int[])
    on conflict do nothing`;
  const noteUnits = `
    insert into ${table.schema}.source_unit (uscc, kind, promised_delay_hours, last_filed_at, first_filed_at)
    select unit.uscc, $1::text, $4::int, $3::timestamptz, now()
    from unnest($2::text[]) as unit(uscc)
    order by unit.uscc
    on conflict (uscc, kind) do update
    set last_filed_at = greatest(excluded.last_filed_at, source_unit.last_filed_at),
        first_filed_at = coalesce(source_unit.first_filed_at, excluded.first_filed_at)`;
  return {
    async hasOpenReplacement(client, kind, units) {
      const { rowCount } = await client.query(openReplacements, [kind, units]);
      return rowCount !== 0;
    },
    async noteRows(client, { kind, units, replacingFiling, refused, stood }) {
      await client.query(noteRows, [kind, units, replacingFiling, refused, stood]);
    },
    async noteUnits(client, { kind, units, at, promisedDelayHours }) {
      await client.query(noteUnits, [kind, units, at.toISOString(), promisedDelayHours]);
    },
  };
}
