import { createRecordResolvers } from './resolvers.ts';

/** A record by its id (信用记录). */
export const capability = { createResolvers: createRecordResolvers };
