import { resolve } from 'node:path';
import { bodies } from '../engine/stubs.ts';
import { writeSupergraph } from '../engine/supergraph.ts';
import type { Side } from '#test/bench/measure.ts';
import { startWorker, type Worker } from '#test/bench/processes.ts';
import type { Comparison, CompareRows } from './comparison.ts';
import { compareLoad } from './load.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** No database is asked, but production wants one named. */
const NO_DATABASE = 'postgresql://nobody@localhost/none';

/** Rows 1 to 3, before stub subgraphs: the same four over HTTP for both checkouts, and in process each its own. */
export const compareEngines: CompareRows = async (comparison, wanted) => {
  const sideOf = (worker: Worker<string>, url: string): Side => ({
    name: worker.name,
    load: { url, bodies },
    parts: { node: worker.cpu },
    operations: comparison.settings.engineOperations,
  });
  if (wanted.has('1')) await compareOverHttp(comparison, sideOf);
  if (wanted.has('2') || wanted.has('3'))
    await compareLoad(comparison, '2, 3', 'ten entities in process, guards off', async (checkout, life) => {
      const worker = life.use(await checkout.startBenchProgram('engine/ours.ts', { supergraphFile: null }));
      return sideOf(worker, worker.ready);
    });
};

async function compareOverHttp(
  comparison: Comparison,
  sideOf: (worker: Worker<string>, url: string) => Side,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const supergraph = await writeSupergraph(
    ROOT,
    async (name) => stack.use(await startWorker<string>(`${name} subgraph`, './engine/subgraph.ts', name)).ready,
    stack,
  );
  const measure = 'ten entities, four HTTP subgraphs, guards off';
  await compareLoad(comparison, '1', measure, async (checkout, life) => {
    const environment = comparison.deployment.environment(NO_DATABASE);
    const args = ['--supergraph', supergraph, '--dangerously-no-policy'];
    const worker = life.use(await checkout.startGateway(environment, args));
    return sideOf(worker, `${worker.ready}/graphql`);
  });
}
