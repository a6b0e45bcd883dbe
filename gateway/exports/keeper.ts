import type { KeptTopic } from '#gateway/changes/topics.ts';
import { SubgraphUnavailable } from '#gateway/graph/engine/transport.ts';
import type { Source } from '#gateway/graph/sources.ts';

/** The source that keeps the records of a topic. @throws SubgraphUnavailable where there is none */
export function keeper(sources: readonly Source[], topic: KeptTopic): Source {
  const source = sources.find(({ name }) => name === topic.source);
  if (!source) throw new SubgraphUnavailable(`nobody keeps ${topic.name}`);
  return source;
}
