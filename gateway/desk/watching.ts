import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { conflict, forbidden, invalid } from './answers.ts';
import type { Once } from './idempotency.ts';
import type { MutationAddToWatchlistArgs, MutationCreateWatchlistArgs, MutationRemoveFromWatchlistArgs, ViewerWatchlistsArgs } from './resolvers.generated.ts';
import type { Watched, Watchlists, WatchlistRow } from './watchlists.ts';

const MAX_NAME = 100;
const MAX_CODES = 1000;

/** What of the schema is about watchlists; spread into the desk's resolvers. `wasAdded`: codes were, whose present state is to be told. */
export function createWatchlistResolvers(watchlists: Watchlists, cursors: CursorSealer, wasAdded: () => void) {
  const scope = ({ organisation, role }: Viewer): string => JSON.stringify(['Viewer.watchlists', organisation, role]);

  const changed = async (viewer: Viewer, { id, codes }: { readonly id: string; readonly codes: readonly string[] }, change: () => Promise<Once<Watched>>) => {
    if (!may(viewer, 'changes:follow')) throw forbidden();
    if (codes.length === 0 || codes.length > MAX_CODES) return invalid('TOO_MANY', `1 to ${MAX_CODES} codes at once.`, ['input', 'codes']);
    if (!(await watchlists.find(viewer, id))) return invalid('NOT_FOUND', 'Your organisation has no watchlist with this id.', ['input', 'id']);
    const answer = await change();
    return answer.outcome === 'conflict' ? conflict() : { __typename: 'WatchlistChanged' as const, watchlist: await watchlists.find(viewer, id), codes: answer.result.codes };
  };

  return {
    Viewer: {
      async watchlists(viewer: Viewer, { first, after }: ViewerWatchlistsArgs): Promise<Connection<WatchlistRow>> {
        return {
          page: await watchlists.page(viewer, checkFirst(first), cursors.openGiven(scope(viewer), after)),
          cursorOf: ({ createdAt, id }) => cursors.seal(scope(viewer), [createdAt.toISOString(), id]),
          count: () => watchlists.count(viewer),
        };
      },
    },
    Mutation: {
      async createWatchlist(_: unknown, { input }: MutationCreateWatchlistArgs, { viewer }: { readonly viewer: Viewer }) {
        if (!may(viewer, 'changes:follow')) throw forbidden();
        if (input.name.trim() === '' || input.name.length > MAX_NAME) return invalid('MISSING', `A watchlist has a name of 1 to ${MAX_NAME} characters.`, ['input', 'name']);
        const answer = await watchlists.create(viewer, input);
        return answer.outcome === 'conflict' ? conflict() : { __typename: 'WatchlistCreated' as const, watchlist: await watchlists.find(viewer, answer.result) };
      },
      async addToWatchlist(_: unknown, { input }: MutationAddToWatchlistArgs, { viewer }: { readonly viewer: Viewer }) {
        const answer = await changed(viewer, input, () => watchlists.add(viewer, input));
        if (answer.__typename === 'WatchlistChanged') wasAdded();
        return answer;
      },
      removeFromWatchlist: (_: unknown, { input }: MutationRemoveFromWatchlistArgs, { viewer }: { readonly viewer: Viewer }) => changed(viewer, input, () => watchlists.remove(viewer, input)),
    },
    Watchlist: { createdAt: ({ createdAt }: WatchlistRow) => createdAt.toISOString() },
    WatchlistConnection: connectionFields<WatchlistRow>(),
    WatchlistEdge: edgeFields<WatchlistRow>(),
  };
}
