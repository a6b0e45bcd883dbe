import { createSourceResolvers } from './resolvers.ts';

/** The state of the sources (数据源状态). */
export const capability = { createResolvers: createSourceResolvers };
