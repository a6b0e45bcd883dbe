import pg from 'pg';
import { createMetrics } from '#kit/telemetry/metrics.ts';
import { startGraph, type TestGraph } from '#test/support/graph.ts';
import { newEntity } from '#test/support/listings.ts';
import { keptLog } from '#test/support/logs.ts';
import { valueOf } from '#test/support/metrics.ts';
import { know } from '#test/support/registered.ts';
import { until } from '#test/support/until.ts';

// A source that stops answering is seen: in every answer that shows the states of sources, in the log once, in a metric
// that needs no caller but its scraper, and in /health/ready. So is its return.

const { log, lines } = keptLog();
const metrics = createMetrics();
const uscc = newEntity();
let graph: TestGraph;
beforeAll(async () => {
  graph = await startGraph({ log, metrics });
  await know(graph, uscc);
});
afterAll(() => graph[Symbol.asyncDispose]());

const reachable = async (source: string): Promise<number> =>
  valueOf(await metrics.text(), 'source_reachable', { source });
const ASK = `query ($uscc: USCC!) {
  sourceStatus { source state knownThrough }
  creditFile(uscc: $uscc) { sources { source state knownThrough } }
}`;
interface State {
  readonly source: string;
  readonly state: string;
  readonly knownThrough: string | null;
}
type Delivered = readonly [ofAll: readonly State[], ofFile: readonly State[]];
/** As every caller receives them, in both fields. Each is read with its field, a moment apart. */
async function states(): Promise<Delivered> {
  const { body, text } = await graph.query('PUBLIC', ASK, { uscc });
  const delivered = body.data as { sourceStatus: State[]; creditFile: { sources: State[] } } | null;
  if (!delivered?.creditFile) throw new Error(text);
  return [delivered.sourceStatus, delivered.creditFile.sources];
}
const conditions = async (): Promise<Record<string, string>[]> =>
  (await states()).map((each) => Object.fromEntries(each.map(({ source, state }) => [source, state])));
const knownThrough = async (): Promise<(string | null)[]> =>
  (await states()).map((each) => each.find(({ source }) => source === 'namelist')?.knownThrough ?? null);
const inTime = { entity: 'IN_TIME', disclosure: 'IN_TIME', namelist: 'IN_TIME', evaluation: 'IN_TIME' };
const allInTime = [inTime, inTime];
const withoutOne = allInTime.map((each) => ({ ...each, namelist: 'UNAVAILABLE' }));
const SILENT = 'a source does not say what is settled; it is UNAVAILABLE, and what it keeps is missing in answers';
const BACK = 'a source says again what is settled';

/** Until it is disposed, status questions to the source fail at once. */
async function breakClock(): Promise<AsyncDisposable> {
  await graph.sql('alter table namelist.clock rename to away');
  return {
    [Symbol.asyncDispose]: async () => void (await graph.sql('alter table namelist.away rename to clock')),
  };
}
/** Until it is disposed, they are not answered at all. */
async function holdClock(): Promise<AsyncDisposable> {
  const holder = new pg.Client({ connectionString: graph.database.url });
  await holder.connect();
  await holder.query('begin');
  await holder.query('lock table namelist.clock in access exclusive mode');
  return {
    async [Symbol.asyncDispose]() {
      await holder.query('rollback');
      await holder.end();
    },
  };
}

test.each([
  ['fails', breakClock],
  ['hangs', holdClock],
])('a source that %s is UNAVAILABLE until it is back, with what it was known through before', async (_, away) => {
  expect(await conditions()).toEqual(allInTime);
  const [known] = await knownThrough();
  const before = lines('a source').length;
  {
    await using fault = await away();
    expect(fault).toBeDefined();
    // Nobody asks but the scraper.
    await until('the metric shows it', async () => (await reachable('namelist')) === 0);
    expect([await reachable('entity'), await reachable('disclosure'), await reachable('evaluation')]).toEqual([
      1, 1, 1,
    ]);
    for (let times = 0; times < 5; times += 1) expect(await conditions()).toEqual(withoutOne);
    for (const through of await knownThrough())
      expect([through !== null, String(through) >= String(known)]).toEqual([true, true]);
    expect(await (await fetch(`${graph.url}/health/ready`)).json()).toMatchObject({
      status: 'degraded',
      unavailable: ['namelist'],
    });
  }
  await until('it is back', async () => (await conditions()).every(({ namelist }) => namelist === 'IN_TIME'));
  await until('the metric shows it', async () => (await reachable('namelist')) === 1);
  expect(
    lines('a source')
      .slice(before)
      .filter(({ msg }) => msg === SILENT || msg === BACK),
  ).toEqual([
    { level: 'warn', msg: SILENT, source: 'namelist', err: expect.objectContaining({ message: expect.any(String) }) },
    { level: 'info', msg: BACK, source: 'namelist', failures: expect.any(Number), seconds: expect.any(Number) },
  ]);
});

test('a source that does not answer operations is one line of the log, however many ask', async () => {
  await using without = await startGraph({ log, database: graph.database, absent: ['evaluation'] });
  const before = lines('a source failed').length;
  for (let times = 0; times < 20; times += 1) {
    const { body } = await without.query(
      'PUBLIC',
      'query ($uscc: USCC!) { creditFile(uscc: $uscc) { evaluations { grade } } }',
      { uscc },
    );
    expect(body.errors?.map(({ extensions }) => extensions['code'])).toEqual(['SUBGRAPH_UNAVAILABLE']);
  }
  expect(lines('a source failed').slice(before)).toEqual([
    {
      level: 'warn',
      msg: 'a source failed',
      source: 'evaluation',
      count: 1,
      err: expect.objectContaining({ name: 'SubgraphUnavailable' }),
    },
  ]);
});
