import { createConflictRepository } from './repository.ts';
import { createConflictResolvers } from './resolvers.ts';

/** Conflicts of facts between sources (事实冲突). */
export const capability = {
  createResolvers: createConflictResolvers,
  repositories: { conflicts: createConflictRepository },
};
