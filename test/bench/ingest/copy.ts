import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';

// The peer: the rows as they were stored in the end, every column of them, ready as text, by one bare COPY into an empty table
// with the same constraints and indexes. It reads, checks, compares and remembers nothing.

const PEER = 'public.act_copied';

export async function createPeer(client: pg.Client): Promise<void> {
  await client.query(`create table ${PEER} (like disclosure.act including all)`);
}

const columnsOf = async (client: pg.Client): Promise<string> => {
  const { rows } = await client.query<{ columns: string }>(
    `select string_agg(quote_ident(attname), ', ' order by attnum) as columns from pg_attribute where attrelid = 'disclosure.act'::regclass and attnum > 0 and not attisdropped`,
  );
  return rows[0]?.columns ?? '';
};

/** Writes the rows of the table, in the order in which they were stored, as COPY reads them. */
export async function dump(client: pg.Client, file: string): Promise<void> {
  await pipeline(
    client.query(copyTo(`copy disclosure.act (${await columnsOf(client)}) to stdout`)),
    createWriteStream(file),
  );
}

/** Seconds that one COPY of the file took. */
export async function copy(client: pg.Client, file: string): Promise<number> {
  const columns = await columnsOf(client);
  await client.query(`truncate ${PEER}`);
  await client.query('checkpoint');
  const started = performance.now();
  await pipeline(
    createReadStream(file, { highWaterMark: 256 * 1024 }),
    client.query(copyFrom(`copy ${PEER} (${columns}) from stdin`)),
  );
  return (performance.now() - started) / 1000;
}

/** @throws Error unless both tables hold the same rows. */
export async function assertSameRows(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ differ: boolean }>(
    `select exists (table disclosure.act except all table ${PEER}) or exists (table ${PEER} except all table disclosure.act) as differ`,
  );
  if (rows[0]?.differ !== false) throw new Error('COPY stored other rows than the filing.');
}
