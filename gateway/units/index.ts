import { createUnitRepository } from './repository.ts';
import { createUnitResolvers } from './resolvers.ts';

/** Units that file (数据来源单位). */
export const capability = { createResolvers: createUnitResolvers, repositories: { units: createUnitRepository } };
