import { createConsentStore } from './repository.ts';
import { createConsentResolvers } from './resolvers.ts';

/** Consents of entities (授权同意). */
export const capability = { createResolvers: createConsentResolvers, repositories: { consents: createConsentStore } };
