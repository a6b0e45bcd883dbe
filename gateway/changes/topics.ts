import type { SubgraphDefinition } from '#records/subgraph.ts';
import type { Topic } from '#records/topic.ts';
import type { FilterInput } from './filter.ts';

/** A topic, and the name of the subgraph that keeps its records. */
export interface KeptTopic extends Topic {
  readonly source: string;
}

/** The topics of all subgraphs. */
export interface Topics {
  readonly all: readonly KeptTopic[];
  /** The topic with this name in the log. @throws Error where there is none */
  named(name: string): KeptTopic;
  /** The topic whose changes this field of `Query` or `Subscription` returns; null: it returns something else. */
  ofField(field: string): KeptTopic | null;
}

/** @throws Error where two topics have the same name, field or type of change */
export function createTopics(subgraphs: readonly Pick<SubgraphDefinition, 'name' | 'topics'>[]): Topics {
  const all = subgraphs.flatMap(({ name, topics = [] }) => topics.map((topic) => ({ ...topic, source: name })));
  const byName = new Map(all.map((topic) => [topic.name, topic]));
  const byField = new Map(all.map((topic) => [topic.field, topic]));
  const byType = new Map(all.map((topic) => [topic.changeType, topic]));
  for (const unique of [byName, byField, byType])
    if (unique.size < all.length) throw new Error(`Topics share a name: ${[...unique.keys()].join(', ')}`);
  return {
    all,
    named(name) {
      const topic = byName.get(name);
      if (!topic) throw new Error(`There is no topic ${name}`);
      return topic;
    },
    ofField: (field) => byField.get(field) ?? null,
  };
}

/**
 * The topic that an input names by its filter, and the filter.
 * @returns null unless the input has exactly one
 */
export function topicIn(
  topics: Topics,
  input: object,
): { readonly topic: KeptTopic; readonly filter: FilterInput } | null {
  // The SDL of a topic gives the inputs a field with its filter.
  const given = input as Readonly<Record<string, FilterInput | null | undefined>>;
  const named = topics.all.flatMap((topic) => {
    const filter = given[topic.field];
    return filter == null ? [] : [{ topic, filter }];
  });
  return named.length === 1 ? (named[0] ?? null) : null;
}

/** The fields by which an input may name its topic, as a sentence has them: `` `a` or `b` ``. */
export const topicFields = ({ all }: Topics): string => all.map(({ field }) => `\`${field}\``).join(' or ');
