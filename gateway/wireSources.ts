import { createPassportIssuer } from '#kit/passport.ts';
import { createOwnPool } from '#kit/postgres/ownPool.ts';
import { startRecomputing } from '#records/recomputation.ts';
import { startPublicationCalendar } from '#records/publicationCalendar.ts';
import { startSweeping } from '#records/retention.ts';
import { createSubgraph, type Subgraph, type SubgraphDefinition } from '#records/subgraph.ts';
import { createLocalSource } from './graph/localSource.ts';
import { createRemoteSource } from './graph/remoteSource.ts';
import { withBulkhead } from './graph/sourceBulkhead.ts';
import { createSourceRegistry } from './graph/sourceRegistry.ts';
import type { Source, SourceRegistry } from './graph/sources.ts';
import { measureSourceStates } from './metrics.ts';
import type { Wiring } from './wiring.ts';

export interface WiredSources {
  readonly sources: readonly Source[];
  /** Those of them that run in this process. */
  readonly local: readonly Subgraph[];
  readonly registry: SourceRegistry;
}

/** The subgraphs, in this process or over HTTP, and what is settled in them. */
export function wireSources(wiring: Wiring): WiredSources {
  const { options, config, log, now, metrics, stack } = wiring;
  const passport = createPassportIssuer(config.passportKeys, now);
  const local: Subgraph[] = [];
  const sources = options.subgraphs.map((definition): Source => {
    const remote = config.remoteSubgraphs[definition.name];
    if (remote !== undefined) return withBulkhead(stack.use(createRemoteSource(definition, remote, passport)));
    const subgraph = openSubgraph(wiring, definition);
    local.push(subgraph);
    return withBulkhead(stack.use(createLocalSource(subgraph)));
  });
  const registry = createSourceRegistry(sources, { log });
  measureSourceStates(metrics, registry);
  return { sources, local, registry };
}

/** A subgraph in this process. It ends with its source. */
function openSubgraph(wiring: Wiring, definition: SubgraphDefinition): Subgraph {
  const { config, databaseUrl, log, now, runs, stack } = wiring;
  const subgraph = createSubgraph(definition, {
    pool: createOwnPool(databaseUrl, definition.name, log),
    cursorKeys: config.cursorKeys,
    digestKeys: config.digestKeys,
    log,
    now,
  });
  if (wiring.options.sweeps) {
    const daily = { schema: definition.name, now, log, metrics: runs };
    stack.use(startSweeping(subgraph.sweep, daily));
    stack.use(startPublicationCalendar(subgraph.publicationCalendar, daily));
    if (subgraph.recompute !== null) stack.use(startRecomputing(subgraph.recompute, daily));
  }
  return subgraph;
}
