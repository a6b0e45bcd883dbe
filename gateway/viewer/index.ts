import { createViewerResolvers } from './resolvers.ts';

/** Who the caller is, and what it may (访问者). */
export const capability = { createResolvers: createViewerResolvers };
