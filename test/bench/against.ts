import { join, resolve } from 'node:path';
import type { Bench, Settings } from './bench.ts';
import { type Bank, openBank } from './files/bank.ts';
import { ENTITIES } from './files/dataset.ts';
import { hundreds, singles, withBareIds } from './files/operations.ts';
import { bodies } from './engine/stubs.ts';
import { writeSupergraph } from './engine/supergraph.ts';
import { assertEqualAnswers, type Cost, measureLives, type Side } from './measure.ts';
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

/** Its database, and the bank that reads there. */
interface Files {
  readonly database: BenchServer;
  readonly bank: Bank;
}

type Measure = readonly [row: string, measure: string, sideOf: (checkout: Checkout, life: AsyncDisposableStack) => Promise<Side>];

export async function runAgainst({ client, settings, say }: Bench, wanted: ReadonlySet<string>, other: string): Promise<Result[]> {
  await using stack = new AsyncDisposableStack();
  const start = async (life: AsyncDisposableStack, checkout: Checkout, name: string, file: string, given: unknown): Promise<Worker<string>> =>
    life.use(await startWorker<string>(`${checkout.name}: ${name}`, join(checkout.root, 'test/bench', file), given));

  const supergraphOf = (checkout: Checkout, life: AsyncDisposableStack): Promise<string> =>
    writeSupergraph(checkout.root, async (name) => (await start(life, checkout, `${name} subgraph`, 'engine/subgraph.ts', name)).ready, life);
  const engine = async (checkout: Checkout, life: AsyncDisposableStack, supergraphFile: string | null): Promise<Side> => {
    const worker = await start(life, checkout, supergraphFile === null ? 'in process' : 'over HTTP', 'engine/ours.ts', { supergraphFile });
    return { name: worker.name, load: { url: worker.ready, bodies }, parts: { node: worker.cpu }, operations: settings.engineOperations };
  };

  // One database for each checkout, whatever is measured of it.
  const opened = new Map<string, Promise<Files>>();
  const openFiles = async (checkout: Checkout): Promise<Files> => {
    const { openFileDatabase } = (await import(join(checkout.root, 'test/bench/files/dataset.ts'))) as typeof import('./files/dataset.ts');
    const own: Settings = { ...settings, dataDir: checkout.root === HERE ? settings.dataDir : join(settings.dataDir, 'against') };
    const database = stack.use(await openFileDatabase(own, say));
    return { database, bank: stack.use(await openBank(database.url)) };
  };
  const files = async (checkout: Checkout, life: AsyncDisposableStack, { bodies: texts, operations, guards, withToken = false }: Asked): Promise<Side> => {
    let own = opened.get(checkout.root);
    if (!own) opened.set(checkout.root, (own = openFiles(checkout)));
    const { database, bank } = await own;
    const worker = await start(life, checkout, `guards ${guards ? 'on' : 'off'}`, 'files/ours.ts', { ...bank.given, url: database.url, guards });
    return { name: worker.name, load: { url: worker.ready, bodies: texts, ...(withToken ? { headers: bank.headers } : null) }, parts: { node: worker.cpu, postgres: database.cpu }, operations };
  };

  const one = { bodies: singles(ENTITIES[settings.scale]).graphql, operations: settings.fileOperations };
  const scored = { ...one, bodies: singles(ENTITIES[settings.scale]).scored };
  const hundred = { bodies: hundreds(ENTITIES[settings.scale]).graphql, operations: settings.batchOperations };
  const measures: readonly Measure[] = [
    ['1', 'ten entities, four HTTP subgraphs, guards off', async (checkout, life) => engine(checkout, life, await supergraphOf(checkout, life))],
    ['2', 'the same in process', (checkout, life) => engine(checkout, life, null)],
    ['4', 'one credit file, guards off', (checkout, life) => files(checkout, life, { ...one, guards: false })],
    ['4', 'one credit file, guards on', (checkout, life) => files(checkout, life, { ...one, guards: true })],
    ['4', '100 credit files at once, guards off', (checkout, life) => files(checkout, life, { ...hundred, guards: false })],
    ['4', '100 credit files at once, guards on', (checkout, life) => files(checkout, life, { ...hundred, guards: true })],
    ['5', 'one credit file by a bank, guards on', (checkout, life) => files(checkout, life, { ...scored, guards: true, withToken: true })],
  ];
  const results: Result[] = [];
  for (const [row, measured, sideOf] of measures) {
    if (!wanted.has(row)) continue;
    say(`row ${row}, ${measured}: ${settings.rounds} rounds a side in each life of its processes`);
    const open = async (life: AsyncDisposableStack): Promise<Side[]> => {
      const sides = [await sideOf({ name: 'here', root: HERE }, life), await sideOf({ name: 'there', root: resolve(other) }, life)];
      await assertEqualAnswers(client, sides.map((side) => ({ ...side, comparable: ({ data }) => withBareIds(data) })));
      return sides;
    };
    const [here, there] = (await measureLives(client, open, settings)) as [Cost, Cost]; // one for each side
    results.push(compare(row, `${measured}: against ${other}`, here, there, noMore(1, '×'), noMore(1, '×')));
  }
  return results;
}

interface Asked {
  readonly bodies: readonly string[];
  readonly operations: number;
  readonly guards: boolean;
  readonly withToken?: boolean;
}
