import { join, resolve } from 'node:path';
import type { Bench, Settings } from './bench.ts';
import { openBank } from './files/bank.ts';
import { ENTITIES } from './files/dataset.ts';
import { hundreds, singles, withBareIds } from './files/operations.ts';
import { bodies } from './engine/stubs.ts';
import { writeSupergraph } from './engine/supergraph.ts';
import { assertEqualAnswers, type Cost, measure, type Side } from './measure.ts';
import type { BenchServer } from './postgres.ts';
import { startWorker, type Worker } from './processes.ts';
import { compare, noMore, type Result } from './results.ts';

// npm run bench -- --against DIR: what an operation costs here against another checkout of the project, with rounds of both in turn, so that what
// a change costs is seen before what the machine does. Each checkout has its own subgraphs and its own database, made by its own code.

const HERE = resolve(import.meta.dirname, '../..');

/** A checkout's gateways and its database. */
interface Checkout {
  readonly name: string;
  readonly root: string;
}

interface FileGateway {
  readonly worker: Worker<string>;
  readonly database: BenchServer;
  readonly headers: Readonly<Record<string, string>>;
}

type Measure = readonly [row: string, measure: string, sideOf: (checkout: Checkout) => Promise<Side>];

export async function runAgainst({ client, settings, say }: Bench, wanted: ReadonlySet<string>, other: string): Promise<Result[]> {
  await using stack = new AsyncDisposableStack();
  const start = async (checkout: Checkout, name: string, file: string, given: unknown): Promise<Worker<string>> =>
    stack.use(await startWorker<string>(`${checkout.name}: ${name}`, join(checkout.root, 'test/bench', file), given));

  const supergraphOf = (checkout: Checkout): Promise<string> =>
    writeSupergraph(checkout.root, async (name) => (await start(checkout, `${name} subgraph`, 'engine/subgraph.ts', name)).ready, stack);
  const engine = async (checkout: Checkout, supergraphFile: string | null): Promise<Side> => {
    const worker = await start(checkout, supergraphFile === null ? 'in process' : 'over HTTP', 'engine/ours.ts', { supergraphFile });
    return { name: worker.name, load: { url: worker.ready, bodies }, parts: { node: worker.cpu }, operations: settings.engineOperations };
  };

  // One database and one guarded gateway for each checkout, whatever is measured of it.
  const opened = new Map<string, Promise<FileGateway>>();
  const openFiles = async (checkout: Checkout): Promise<FileGateway> => {
    const { openFileDatabase } = (await import(join(checkout.root, 'test/bench/files/dataset.ts'))) as typeof import('./files/dataset.ts');
    const own: Settings = { ...settings, dataDir: checkout.root === HERE ? settings.dataDir : join(settings.dataDir, 'against') };
    const database = stack.use(await openFileDatabase(own, say));
    const bank = stack.use(await openBank(database.url));
    return { worker: await start(checkout, 'guards on', 'files/ours.ts', { ...bank.given, url: database.url, guards: true }), database, headers: bank.headers };
  };
  const files = async (checkout: Checkout, texts: readonly string[], operations: number, withToken: boolean): Promise<Side> => {
    let own = opened.get(checkout.root);
    if (!own) opened.set(checkout.root, (own = openFiles(checkout)));
    const { worker, database, headers } = await own;
    return { name: worker.name, load: { url: worker.ready, bodies: texts, ...(withToken ? { headers } : null) }, parts: { node: worker.cpu, postgres: database.cpu }, operations };
  };

  const one = singles(ENTITIES[settings.scale]);
  const hundred = hundreds(ENTITIES[settings.scale]);
  const measures: readonly Measure[] = [
    ['1', 'ten entities, four HTTP subgraphs, guards off', async (checkout) => engine(checkout, await supergraphOf(checkout))],
    ['2', 'the same in process', (checkout) => engine(checkout, null)],
    ['4', 'one credit file, guards on', (checkout) => files(checkout, one.graphql, settings.fileOperations, false)],
    ['4', '100 credit files at once, guards on', (checkout) => files(checkout, hundred.graphql, settings.batchOperations, false)],
    ['5', 'one credit file by a bank, guards on', (checkout) => files(checkout, one.scored, settings.fileOperations, true)],
  ];
  const results: Result[] = [];
  for (const [row, measured, sideOf] of measures) {
    if (!wanted.has(row)) continue;
    const sides = [await sideOf({ name: 'here', root: HERE }), await sideOf({ name: 'there', root: resolve(other) })];
    await assertEqualAnswers(client, sides.map((side) => ({ ...side, comparable: ({ data }) => withBareIds(data) })));
    say(`row ${row}, ${measured}: ${settings.rounds} rounds of ${sides[0]?.operations} operations a side`);
    const [here, there] = (await measure(client, sides, settings)) as [Cost, Cost]; // one for each side
    results.push(compare(row, `${measured}: against ${other}`, here, there, noMore(1, '×'), noMore(1, '×')));
  }
  return results;
}
