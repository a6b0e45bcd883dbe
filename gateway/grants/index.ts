import { createGrantRepository } from './repository.ts';
import { createGrantResolvers } from './resolvers.ts';

/** Which organisation acts in which role (授权). */
export const capability = { createResolvers: createGrantResolvers, repositories: { grants: createGrantRepository } };
