import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subgraphNames } from '#subgraphs/definitions.ts';

/**
 * A checkout's own supergraph with the addresses of the stub subgraphs.
 * @param startSubgraph starts one, and gives its address
 * @param stack removes the file with what else it ends
 * @returns the path of the file: the text is longer than an argument may be
 */
export async function writeSupergraph(
  root: string,
  startSubgraph: (name: string) => Promise<string>,
  stack: AsyncDisposableStack,
): Promise<string> {
  let supergraph = await readFile(join(root, 'gateway/supergraph.graphql'), 'utf8');
  for (const name of subgraphNames)
    supergraph = supergraph.replaceAll(`http://${name}.invalid/graphql`, await startSubgraph(name));
  const directory = await mkdtemp(join(tmpdir(), 'credit-graph-bench-'));
  stack.defer(() => rm(directory, { recursive: true }));
  const file = join(directory, 'supergraph.graphql');
  await writeFile(file, supergraph);
  return file;
}
