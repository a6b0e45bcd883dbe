import type { FolderResolverMap } from '#kit/resolverMap.ts';
import type { SourceRegistry } from '#gateway/graph/sources.ts';
import type { Resolvers, ResolversParentTypes } from './resolvers.generated.ts';

export interface SourceParts {
  readonly sources: SourceRegistry;
  readonly now: () => Date;
}

export function createSourceResolvers({
  sources,
  now,
}: SourceParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const sourceStates = () =>
    sources.states().map(({ source, state, knownThrough, lateUnits }) => ({
      source,
      state,
      knownThrough,
      lagSeconds:
        knownThrough === null ? null : Math.max(0, Math.round((now().getTime() - Date.parse(knownThrough)) / 1000)),
      lateUnits,
    }));
  return {
    Query: { sourceStatus: sourceStates },
    CreditFile: { __resolveReference: (reference) => reference, sources: sourceStates },
  };
}
