import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { from as copyFrom } from 'pg-copy-streams';
import type { Client } from '#kit/postgres/pool.ts';
import { type RecordTable, stagedColumns, type StagedRow } from './record.ts';

// The temporary table in which the rows of a batch stand while they are compared and recorded. Its column `position`
// is the number of a row in its part; the others are those of `stagedColumns`, and the digest.

/** SQL: the name of the temporary table beside a table of records. */
export const stagedNameOf = <Own extends string>({ name }: RecordTable<Own>): string => `staged_${name}`;

/**
 * Creates the function that copies a batch into the temporary table, which it makes where the connection has none yet.
 * The table is empty again when the transaction ends.
 */
export function createStaging<Own extends string>(
  table: RecordTable<Own>,
): (client: Client, rows: readonly StagedRow<Own>[]) => Promise<void> {
  const staged = stagedNameOf(table);
  const columns = stagedColumns(table).join(', ');
  const createStaged = `
    create temp table if not exists ${staged}
    on commit delete rows
    as select 0 as position, digest, ${columns}
    from ${table.schema}.${table.name}
    with no data`;
  const copy = `copy ${staged} (position, digest, ${columns}) from stdin`;
  return async (client, rows) => {
    await client.query(createStaged);
    await copyRows(client, copy, rows);
  };
}

/** Copies the staged rows. Lines that are adjacent in a page are sent as they are. */
async function copyRows<Own extends string>(
  client: Client,
  text: string,
  rows: readonly StagedRow<Own>[],
): Promise<void> {
  const stream = client.query(copyFrom(text));
  const done = finished(stream);
  done.catch(() => {}); // awaited below; until then a failure must not count as unhandled
  let { page, start } = rows[0] ?? { page: Buffer.alloc(0), start: 0 };
  let end = start;
  for (const row of rows) {
    if (row.page !== page || row.start !== end) {
      if (!stream.write(page.subarray(start, end))) await Promise.race([once(stream, 'drain'), done]);
      ({ page, start } = row);
    }
    end = row.end;
  }
  stream.end(page.subarray(start, end));
  await done;
}
