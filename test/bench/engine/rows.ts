import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { assertEqualAnswers, type Cost, measure, type Side } from '#test/bench/measure.ts';
import { startWorker, type Worker } from '#test/bench/processes.ts';
import type { Bench } from '#test/bench/bench.ts';
import { bodies } from './stubs.ts';
import { writeSupergraph } from './supergraph.ts';

const PEER = join(import.meta.dirname, '../peer');

/** The peer is installed on the first run: it is no part of the product, nor of its development tree. */
async function installPeer(say: (line: string) => void): Promise<void> {
  if (existsSync(join(PEER, 'node_modules/@apollo/gateway/package.json'))) return;
  say('installing the peer (npm ci --prefix test/bench/peer)');
  // Its install scripts build nothing that is needed.
  await promisify(execFile)('npm', ['ci', '--prefix', PEER, '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: dirname(PEER),
    env: process.env,
  });
}

export interface EngineCosts {
  readonly ours: Cost;
  readonly apolloGateway: Cost;
  readonly inProcess: Cost;
  readonly monolith: Cost;
}

/** Rows 1 to 3, in one run: the same operation through four arrangements, in turn. Null: a profile was taken instead. */
export async function runEngines({ client, settings, say, profile }: Bench): Promise<EngineCosts | null> {
  await installPeer(say);
  await using stack = new AsyncDisposableStack();
  const start = async (name: string, file: string, given: unknown): Promise<Worker<string>> =>
    stack.use(await startWorker<string>(name, file, given));
  const root = join(import.meta.dirname, '../../..');

  const supergraphFile = await writeSupergraph(
    root,
    async (name) => (await start(`${name} subgraph`, './engine/subgraph.ts', name)).ready,
    stack,
  );
  const [ours, apolloGateway, inProcess, monolith] = [
    await start('our gateway, HTTP', './engine/ours.ts', { supergraphFile }),
    await start('@apollo/gateway, HTTP', './peer/apolloGateway.ts', { supergraphFile }),
    await start('our gateway, in process', './engine/ours.ts', { supergraphFile: null }),
    await start('one Apollo Server', './engine/monolith.ts', null),
  ];
  const side = (worker: Worker<string>): Side => ({
    name: worker.name,
    load: { url: worker.ready, bodies },
    parts: { node: worker.cpu },
    operations: settings.engineOperations,
  });
  const workers = [ours, apolloGateway, inProcess, monolith];
  const sides = workers.map(side);
  say(
    `rows 1–3: ${bodies.length} bodies, ${settings.rounds} rounds of ${settings.engineOperations} operations a side, ${settings.inFlight} in flight`,
  );
  await assertEqualAnswers(client, sides);
  if (
    await profile({
      '1': [ours, sides[0]],
      '2': [inProcess, sides[2]],
      '3': [inProcess, sides[2]],
      'peer-1': [apolloGateway, sides[1]],
      'peer-3': [monolith, sides[3]],
    })
  )
    return null;
  const [a, b, c, d] = await measure(client, sides, settings);
  return { ours: a as Cost, apolloGateway: b as Cost, inProcess: c as Cost, monolith: d as Cost }; // one for each side
}
