import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from '#cli/generate/generate.ts';
import { startGraph, type TestGraph } from './graph.ts';

export interface DemoGraph extends TestGraph {
  /** Everything was recorded by this instant. */
  readonly knownAt: string;
}

/**
 * The whole graph with generated data, filed through the public API by the national centre as files of the official
 * forms.
 */
export async function startDemoGraph(
  options: { entities?: number } & Parameters<typeof startGraph>[0] = {},
): Promise<DemoGraph> {
  const graph = await startGraph(options);
  const folder = await mkdtemp(join(tmpdir(), 'credit-graph-demo-'));
  try {
    const files = await generate({ out: folder, entities: options.entities ?? 300, seed: 7 });
    for (const { kind, path } of files) await graph.file(kind, await readFile(path));
    await graph.gateway.sources.refresh();
    return Object.assign(graph, { knownAt: await graph.gateway.sources.sealed() });
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Codes of generated entities, in order: those with the most acts first. */
export async function codesByActs(graph: TestGraph): Promise<string[]> {
  const rows = await graph.sql(
    `select p.uscc, count(a.uscc) as acts
      from entity.profile p
      left join disclosure.act a on a.uscc = p.uscc
      group by p.uscc
      order by acts desc, p.uscc`,
  );
  return rows.map(({ uscc }) => String(uscc));
}
