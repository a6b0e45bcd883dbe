import { createChangeResolvers } from './resolvers.ts';

/** Changes of records, in pages and streams (变更订阅). */
export const capability = { createResolvers: createChangeResolvers };
