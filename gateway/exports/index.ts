import { createExports } from './repository.ts';
import { createExportResolvers } from './resolvers.ts';

/** Snapshots from which changes can be followed (快照导出). */
export const capability = { createResolvers: createExportResolvers, repositories: { exports: createExports } };
