import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { purposes } from '#standards/purposes.ts';
import { budgetFields } from '#gateway/budgets/refusal.ts';
import type { Resolvers, ResolversParentTypes } from './resolvers.generated.ts';

export const createViewerResolvers = ({
  now,
}: {
  readonly now: () => Date;
}): FolderResolverMap<Resolvers, ResolversParentTypes> => ({
  Query: {
    viewer: (_, __, { viewer }) => viewer,
    purposes: () => purposes,
  },
  Viewer: { budget: (_, __, { budget }) => (budget ? budgetFields(budget, now()) : null) },
});
