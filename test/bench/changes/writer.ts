import { setTimeout as pause } from 'node:timers/promises';
import { createFeed } from '#records/outbox.ts';
import { createInstants } from '#records/instants.ts';
import { createPool, transaction } from '#kit/postgres/pool.ts';
import { table } from '#subgraphs/namelist/ingest.ts';
import { serveBench } from '#test/bench/worker.ts';
import { clock } from './clock.ts';
import { codeOf, ENTITIES } from './dataset.ts';

// Who changes records, in a process of its own: corrections of list entries, straight in SQL and in the steps of a subgraph's transaction
// (records/filing/merge.ts): the state before, the clock, the version, the row for the log, the commit. Only the audit's row is left out: each
// step under the clock holds up the next transaction, and on a busy machine five of them are too slow for the rate.

export interface Writing {
  readonly changes: number;
  readonly perTransaction: number;
  /** Changes a second, each transaction begun when it is due, whatever became of those before it. Null: as fast as it goes. */
  readonly rate: number | null;
}

/** All by the position of a change among those of one writing. */
export interface Written {
  /** The number of the first; a change says its number in `documentNo`. */
  readonly first: number;
  readonly entities: Int32Array;
  /** Changes a second, from the first that was due to the last commit. */
  readonly rate: number;
  /** When its transaction was due, and when its COMMIT was about to be sent: before anybody can have received it. */
  readonly due: Float64Array;
  readonly committed: Float64Array;
}

/** Prime to the number of entities, and even over its digits: neighbours differ in province, sector and type. */
const STEP = 7919;
const CONNECTIONS = 4;

const { url } = JSON.parse(process.argv[2] ?? '') as { url: string }; // given by rows.ts
const pool = createPool({
  url,
  role: 'credit_namelist',
  applicationName: 'bench writer',
  max: CONNECTIONS,
  statementTimeoutMs: 15_000,
  connectTimeoutMs: 60_000,
});
const instants = createInstants(pool, 'namelist');
const feed = createFeed(table);
let next = 0;

const look = `
  select standing.uscc, standing.record_id as "recordId", standing.version, ${feed.stateOf('standing')} as before
  from unnest($1::text[]) with ordinality as ask(uscc, position)
  join namelist.entry standing on standing.uscc = ask.uscc and standing.superseded_at = 'infinity'
  order by ask.position`;

const same = [
  'digest',
  'source_unit',
  'source_unit_name',
  'source_record_id',
  'catalogue_code',
  'collected_at',
  'disclosure_level',
  'public_from',
  'public_until',
  'province',
  'sector',
  'determining_unit',
  'valid_from',
  'list_type',
  'category',
  'document_no',
  'authority_name',
  'listed_on',
];
const correct = `
  with former as (
    update namelist.entry standing
    set superseded_at = $5::timestamptz
    from unnest($1::text[], $2::uuid[], $3::int[], $4::text[]) as ask(uscc, record_id, version, document_no)
    where standing.uscc = ask.uscc
      and standing.record_id = ask.record_id
      and standing.version = ask.version
    returning standing.*, ask.document_no as by_document
  )
  insert into namelist.entry (uscc, record_id, version, recorded_at, content, ${same.join(', ')})
  select former.uscc, former.record_id, former.version + 1, $5::timestamptz, former.content || jsonb_build_object('decision', jsonb_build_object('documentNo', former.by_document)), ${same.map((column) => `former.${column}`).join(', ')}
  from former`;

interface CurrentVersion {
  readonly uscc: string;
  readonly recordId: string;
  readonly version: number;
  readonly before: string;
}

/** @returns when its COMMIT was about to be sent */
const write = (numbers: readonly number[], entities: readonly number[]): Promise<number> =>
  transaction(
    pool,
    'bench: correct entries',
    async (client) => {
      // No two transactions under way change the same entry, so it may be read before the clock is taken.
      const { rows } = await client.query<CurrentVersion>({
        name: 'bench.look',
        text: look,
        values: [entities.map(codeOf)],
      });
      const recordedAt = await instants.stamp(client);
      const { rowCount } = await client.query({
        name: 'bench.correct',
        text: correct,
        values: [
          rows.map(({ uscc }) => uscc),
          rows.map(({ recordId }) => recordId),
          rows.map(({ version }) => version),
          numbers.map((number) => `示更〔2026〕${number}号`),
          recordedAt,
        ],
      });
      if (rowCount !== numbers.length) throw new Error(`${rowCount} of ${numbers.length} entries were corrected`);
      await feed.announce(
        client,
        { recordedAt, filingId: null },
        rows.map(({ uscc, recordId, version, before }) => ({ uscc, recordId, version: version + 1, before })),
      );
      return clock();
    },
    { deadlineMs: 60_000 },
  );

serveBench(null, async (given): Promise<Written> => {
  const { changes, perTransaction, rate } = given as Writing; // sent by rows.ts alone
  const first = next;
  next += changes;
  const entities = Int32Array.from({ length: changes }, (_, position) => ((first + position) * STEP) % ENTITIES);
  const due = new Float64Array(changes);
  const committed = new Float64Array(changes);
  const begun = clock() + 50;
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (let from = 0; from < changes && failures.length === 0; from += perTransaction) {
    const to = Math.min(changes, from + perTransaction);
    const at = rate === null ? clock() : begun + (from / rate) * 1000;
    due.fill(at, from, to);
    const wait = at - clock();
    if (wait > 0) await pause(wait);
    if (rate === null && running.size >= CONNECTIONS) await Promise.race(running);
    const work = write(
      Array.from({ length: to - from }, (_, index) => first + from + index),
      [...entities.subarray(from, to)],
    ).then(
      (sent) => void committed.fill(sent, from, to),
      (error: unknown) => void failures.push(error),
    );
    running.add(work);
    void work.then(() => running.delete(work));
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return { first, entities, due, committed, rate: (1000 * changes) / (Math.max(...committed) - (due[0] ?? begun)) };
});
