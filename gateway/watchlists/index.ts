import { createWatchlists } from './repository.ts';
import { createWatchlistResolvers } from './resolvers.ts';

/** Watchlists (关注名单). */
export const capability = { createResolvers: createWatchlistResolvers, repositories: { watchlists: createWatchlists } };
