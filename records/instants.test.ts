import { openDatabase, type Database } from '#test/support/database.ts';
import { createInstants, type Instants } from './instants.ts';
import { createPool, transaction, type Pool } from '#kit/postgres/pool.ts';

// Which instants a source answers for while a writer holds its clock. test/graph/time proves that they are later than
// the writer's.

let database: Database;
let pool: Pool;
let instants: Instants;
beforeAll(async () => {
  database = await openDatabase();
  pool = createPool({
    url: database.url,
    role: 'credit_namelist',
    applicationName: 'test',
    max: 4,
    statementTimeoutMs: 5000,
  });
  instants = createInstants(pool, 'namelist');
});
afterAll(async () => {
  await pool[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const outcomeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'settled',
    (error: { extensions: Record<string, unknown> }) => error.extensions['code'],
  );

/** Runs `ask` while a writer has taken its instant and has not committed. */
async function whileWriting<Result>(ask: (written: string, commit: () => void) => Promise<Result>): Promise<Result> {
  const { promise: committing, resolve: commit } = Promise.withResolvers<void>();
  const { promise: stamped, resolve } = Promise.withResolvers<string>();
  const writing = transaction(pool, 'write', async (client) => {
    resolve(await instants.stamp(client));
    await committing;
  });
  try {
    return await ask(await stamped, commit);
  } finally {
    commit();
    await writing;
  }
}

test('an instant that the other sources had settled waits for the writer that holds the clock here', async () => {
  const outcome = await whileWriting(async (written, commit) => {
    const asked = outcomeOf(instants.require(written, written));
    commit();
    return asked;
  });
  expect(outcome).toBe('settled');
});

test('a writer that does not end is waited for a second at most, and the reader is asked to try again', async () => {
  expect(await whileWriting((written) => outcomeOf(instants.require(written, written)))).toBe('SUBGRAPH_UNAVAILABLE');
});

test('an instant that nobody had settled is refused at once', async () => {
  expect(
    await whileWriting((written) =>
      outcomeOf(instants.require(written, new Date(Date.parse(written) - 1).toISOString())),
    ),
  ).toBe('KNOWN_AT_TOO_LATE');
  expect(await outcomeOf(instants.require('2999-01-01T00:00:00.000Z', await instants.seal()))).toBe(
    'KNOWN_AT_TOO_LATE',
  );
});
