import { createFilingRepository } from './repository.ts';
import { createFilingResolvers } from './resolvers.ts';

/** Filings, and rows filed over the API (数据报送). */
export const capability = { createResolvers: createFilingResolvers, repositories: { filings: createFilingRepository } };
