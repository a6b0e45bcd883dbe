import { createHash } from 'node:crypto';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { EARLIEST, type ExportContent, type ExportPart, type RecordKey } from './reader.ts';

// Leases of exports, and what is written under a lease. Nothing is written once another gateway has the lease: each
// statement names the lease that it is for. Times of leases are by the database's clock.

/** How long a lease lasts. */
export const LEASE_MS = 60_000;
/** An export that could not be made for so long has failed. */
export const GIVEN_UP_HOURS = 24;

export interface LeasedExport extends ExportContent, Lease {
  /** Whether it could not be made for so long that it has failed. */
  readonly isGivenUp: boolean;
}

/** A lease, and the status of its export then. */
export interface Lease {
  readonly status: string;
  readonly leasedUntil: string;
}

export type ExportEnd = 'COMPLETED' | 'CANCELLED' | 'FAILED';

/** The end of the last part that was made, and its number; before the first part: the earliest position, and 0. */
export interface Progress extends RecordKey {
  readonly number: number;
}

const columns = `export.id, export.organisation, export.role, export.province, export.sector, export.purpose,
     export.topic, export.filter, export.selection, export.known_at as "knownAt", export.position`;
const lease = statement(
  'gateway.export.lease',
  `update gateway.export
   set status = case when export.status = 'CREATED' then 'RUNNING' else export.status end,
       leased_until = now() + $1::int * interval '1 millisecond'
   from (
     select due.id
     from gateway.export due
     where due.status in ('CREATED', 'RUNNING', 'CANCELLING')
       and due.expires_at > now()
       and (due.leased_until is null or due.leased_until <= now())
     order by due.created_at, due.id
     limit 1
     for update skip locked
   ) chosen
   where export.id = chosen.id
   returning ${columns},
     export.status, export.leased_until as "leasedUntil",
     export.created_at < now() - interval '${GIVEN_UP_HOURS} hours' as "isGivenUp"`,
);
const renew = statement(
  'gateway.export.renew',
  `update gateway.export
   set leased_until = now() + $3::int * interval '1 millisecond'
   where export.id = $1
     and export.leased_until = $2::timestamptz
   returning export.status, export.leased_until as "leasedUntil"`,
);
const finish = statement(
  'gateway.export.finish',
  `update gateway.export set status = $3, failure = $4, leased_until = null
   where export.id = $1 and export.leased_until = $2::timestamptz
   returning export.id`,
);
const release = statement(
  'gateway.export.release',
  `update gateway.export
   set leased_until = now() + $3::int * interval '1 millisecond'
   where export.id = $1
     and export.leased_until = $2::timestamptz`,
);
const lastPart = statement(
  'gateway.export_part.last',
  `select part.number, part.to_uscc as uscc, part.to_record as "recordId"
   from gateway.export_part part
   where part.export = $1
   order by part.number desc
   limit 1`,
);
const addPart = statement(
  'gateway.export_part.add',
  `with counted as (
     update gateway.export
     set row_count = export.row_count + $8
     where export.id = $1
       and export.leased_until = $2::timestamptz
     returning export.id
   )
   insert into gateway.export_part
     (export, number, after_uscc, after_record, to_uscc, to_record, row_count, bytes, digest)
   select counted.id, $3::int, $4, $5::uuid, $6, $7::uuid, $8, $9::bigint, decode($10, 'hex')
   from counted
   returning number`,
);

/** Leases the oldest export that is to be made or cancelled; null where there is none. */
export const takeLease = async (pool: Pool): Promise<LeasedExport | null> =>
  (await query<LeasedExport>(pool, lease, [LEASE_MS]))[0] ?? null;

/** Begins a new lease in place of one. Null: another gateway has the export. */
export const renewLease = async (pool: Pool, id: string, { leasedUntil }: Lease): Promise<Lease | null> =>
  (await query<Lease>(pool, renew, [id, leasedUntil, LEASE_MS]))[0] ?? null;

/** Ends a lease: another gateway may go on at once. */
export async function releaseLease(pool: Pool, id: string, { leasedUntil }: Lease): Promise<void> {
  await query(pool, release, [id, leasedUntil, 0]);
}

/** Ends an export. False: another gateway has it, and ends it. */
export const finishExport = async (
  pool: Pool,
  id: string,
  { leasedUntil }: Lease,
  end: ExportEnd,
  failure: string | null,
): Promise<boolean> => (await query(pool, finish, [id, leasedUntil, end, failure])).length > 0;

export const findProgress = async (pool: Pool, id: string): Promise<Progress> =>
  (await query<Progress>(pool, lastPart, [id]))[0] ?? { ...EARLIEST, number: 0 };

/** Records a part after those that were made. Null: another gateway has the export. */
export async function recordPart(
  pool: Pool,
  id: string,
  { leasedUntil }: Lease,
  from: Progress,
  { to, rows, bytes }: ExportPart,
): Promise<Progress | null> {
  const number = from.number + 1;
  const digest = createHash('sha256').update(bytes).digest('hex');
  const added = await query(pool, addPart, [
    id,
    leasedUntil,
    number,
    from.uscc,
    from.recordId,
    to.uscc,
    to.recordId,
    rows,
    String(bytes.length),
    digest,
  ]);
  return added.length > 0 ? { ...to, number } : null;
}
