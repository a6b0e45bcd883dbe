import { type Connection, checkFirst, connectionFields, edgeFields } from '#kit/connection.ts';
import type { CursorSealer } from '#kit/cursor.ts';
import type { FolderResolverMap } from '#kit/resolverMap.ts';
import { codeCheckFor } from '#records/codeChecks.ts';
import type { RuleStore } from '#records/ruleStore.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { conflict, forbidden, invalid } from '#kit/refusals.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Once } from '#gateway/database/idempotency.ts';
import type {
  MutationAddToWatchlistArgs,
  MutationCreateWatchlistArgs,
  MutationRemoveFromWatchlistArgs,
  Resolvers,
  ResolversParentTypes,
  ViewerWatchlistsArgs,
} from './resolvers.generated.ts';
import type { Watched, Watchlists, WatchlistRow } from './repository.ts';

const MAX_NAME = 100;
const MAX_CODES = 1000;

export interface WatchlistParts {
  readonly watchlists: Watchlists;
  readonly cursors: CursorSealer;
  readonly rules: RuleStore;
  readonly now: () => Date;
  /** Codes were added to a watchlist; their present state must be delivered. */
  readonly onWatchlistItemAdded: () => void;
}

export function createWatchlistResolvers({
  watchlists,
  cursors,
  rules,
  now,
  onWatchlistItemAdded,
}: WatchlistParts): FolderResolverMap<Resolvers, ResolversParentTypes> {
  const changed = async (
    viewer: Viewer,
    { id, codes }: { readonly id: string; readonly codes: readonly string[] },
    change: () => Promise<Once<Watched>>,
  ) => {
    if (!may(viewer, 'changes:follow')) throw forbidden();
    if (codes.length === 0 || codes.length > MAX_CODES)
      return invalid('TOO_MANY', `1 to ${MAX_CODES} codes at once.`, ['input', 'codes']);
    if (!(await watchlists.find(viewer, id)))
      return invalid('NOT_FOUND', 'Your organisation has no watchlist with this id.', ['input', 'id']);
    const answer = await change();
    return answer.outcome === 'conflict'
      ? conflict()
      : {
          __typename: 'WatchlistChanged' as const,
          watchlist: await watchlists.find(viewer, id),
          codes: answer.result.codes,
        };
  };

  return {
    Viewer: {
      async watchlists(viewer: Viewer, { first, after }: ViewerWatchlistsArgs): Promise<Connection<WatchlistRow>> {
        const pager = cursors.pager('Viewer.watchlists', [viewer.organisation, viewer.role], null);
        return {
          page: await watchlists.page(viewer, checkFirst(first), pager.position(after)),
          cursorOf: ({ createdAt, id }) => pager.cursorOf(createdAt.toISOString(), id),
          count: () => watchlists.count(viewer),
        };
      },
    },
    Mutation: {
      async createWatchlist(
        _: unknown,
        { input }: MutationCreateWatchlistArgs,
        { viewer }: { readonly viewer: Viewer },
      ) {
        if (!may(viewer, 'changes:follow')) throw forbidden();
        if (input.name.trim() === '' || input.name.length > MAX_NAME)
          return invalid('MISSING', `A watchlist has a name of 1 to ${MAX_NAME} characters.`, ['input', 'name']);
        const answer = await watchlists.create(viewer, input);
        return answer.outcome === 'conflict'
          ? conflict()
          : { __typename: 'WatchlistCreated' as const, watchlist: await watchlists.find(viewer, answer.result) };
      },
      async addToWatchlist(_: unknown, { input }: MutationAddToWatchlistArgs, { viewer }: { readonly viewer: Viewer }) {
        const answer = await changed(viewer, input, async () =>
          watchlists.add(viewer, input, await codeCheckFor(rules, shanghaiDay(now()), input.codes)),
        );
        if (answer.__typename === 'WatchlistChanged') onWatchlistItemAdded();
        return answer;
      },
      removeFromWatchlist: (
        _: unknown,
        { input }: MutationRemoveFromWatchlistArgs,
        { viewer }: { readonly viewer: Viewer },
      ) => changed(viewer, input, () => watchlists.remove(viewer, input)),
    },
    Watchlist: { createdAt: ({ createdAt }: WatchlistRow) => createdAt.toISOString() },
    WatchlistConnection: connectionFields<WatchlistRow>(),
    WatchlistEdge: edgeFields<WatchlistRow>(),
  };
}
