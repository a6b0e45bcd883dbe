import { randomUUID } from 'node:crypto';
import type { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import type { Viewer } from '#policy/viewer.ts';
import { checkTakenCode } from '#standards/issuedCodes.ts';
import type { CodeCheck } from '#standards/uscc.ts';
import { callBy, once, type Once } from '#gateway/database/idempotency.ts';
import type {
  AddToWatchlistInput,
  CreateWatchlistInput,
  RemoveFromWatchlistInput,
  WatchedCode,
} from './resolvers.generated.ts';
import { isId, olderThan, owner } from '#gateway/database/rows.ts';

export interface WatchlistRow {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly createdAt: Date;
}

/** A watchlist after a change, and the result for each code. */
export type Watched = { readonly id: string; readonly codes: readonly WatchedCode[] };

/** Watchlists belong to an organisation in one of its roles. */
export interface Watchlists {
  find(viewer: Viewer, id: string): Promise<WatchlistRow | null>;
  page(viewer: Viewer, first: number, after: readonly string[] | null): Promise<Page<WatchlistRow>>;
  count(viewer: Viewer): Promise<number>;
  create(viewer: Viewer, input: CreateWatchlistInput): Promise<Once<string>>;
  add(viewer: Viewer, input: AddToWatchlistInput, checkCode: CodeCheck): Promise<Once<Watched>>;
  remove(viewer: Viewer, input: RemoveFromWatchlistInput): Promise<Once<Watched>>;
}

export function createWatchlists(prisma: PrismaClient, now: () => Date): Watchlists {
  const call = (viewer: Viewer, mutation: string, input: { readonly idempotencyKey: string }) =>
    callBy(viewer, mutation, input, now());
  type Stored = Prisma.InputJsonObject;

  return {
    find: (viewer, id) =>
      isId(id) ? prisma.watchlist.findFirst({ where: { id, ...owner(viewer) } }) : Promise.resolve(null),

    async page(viewer, first, after) {
      return pageOf(
        await prisma.watchlist.findMany({
          where: { ...owner(viewer), ...olderThan(after, 'createdAt') },
          orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
          take: first + 1,
        }),
        first,
      );
    },

    count: (viewer) => prisma.watchlist.count({ where: owner(viewer), take: COUNT_LIMIT + 1 }),

    create: (viewer, input) =>
      once(prisma, call(viewer, 'createWatchlist', input), async (transaction) => {
        const { id } = await transaction.watchlist.create({
          data: { id: randomUUID(), ...owner(viewer), name: input.name, createdAt: now() },
        });
        return id;
      }),

    async add(viewer, input, checkCode) {
      const checked = input.codes.map((code) => checkedCode(viewer, code, checkCode));
      const answer = await once<Stored>(prisma, call(viewer, 'addToWatchlist', input), async (transaction) => {
        const codes = [...new Set(checked.flatMap(({ uscc }) => (uscc === null ? [] : [uscc])))];
        // In one order, so that concurrent calls wait for each other and never deadlock.
        const added = await transaction.$queryRaw<{ uscc: string }[]>`
          insert into gateway.watchlist_item (watchlist, uscc, added_at)
          select ${input.id}::uuid, code.uscc, ${now()}
          from unnest(${codes}::text[]) as code(uscc)
          order by code.uscc
          on conflict (watchlist, uscc) do nothing
          returning uscc`;
        await transaction.watchlist.update({ where: { id: input.id }, data: { size: { increment: added.length } } });
        const news = new Set(added.map(({ uscc }) => uscc));
        return {
          id: input.id,
          codes: checked.map(({ uscc, refused }, index) => ({
            input: input.codes[index] ?? '',
            outcome: uscc === null ? 'REFUSED' : news.delete(uscc) ? 'ADDED' : 'UNCHANGED',
            reason: refused,
          })),
        };
      });
      return answer as Once<Watched>; // stored above
    },

    async remove(viewer, input) {
      // A code that was an issued one when it was added is removed although no rule lists it any more.
      const checked = input.codes.map((code) => checkedCode(viewer, code, checkTakenCode));
      const answer = await once<Stored>(prisma, call(viewer, 'removeFromWatchlist', input), async (transaction) => {
        const codes = [...new Set(checked.flatMap(({ uscc }) => (uscc === null ? [] : [uscc])))];
        const removed = await transaction.$queryRaw<{ uscc: string }[]>`
          delete from gateway.watchlist_item item
          where item.watchlist = ${input.id}::uuid and item.uscc = any(${codes}::text[])
          returning uscc`;
        await transaction.watchlist.update({ where: { id: input.id }, data: { size: { decrement: removed.length } } });
        const gone = new Set(removed.map(({ uscc }) => uscc));
        return {
          id: input.id,
          codes: checked.map(({ uscc, refused }, index) => ({
            input: input.codes[index] ?? '',
            outcome: uscc === null ? 'REFUSED' : gone.delete(uscc) ? 'TAKEN_AWAY' : 'UNCHANGED',
            reason: refused,
          })),
        };
      });
      return answer as Once<Watched>; // stored above
    },
  };
}

function checkedCode(
  viewer: Viewer,
  code: string,
  checkCode: CodeCheck,
): { uscc: string | null; refused: string | null } {
  const check = checkCode(code);
  if (check.status !== 'VALID') return { uscc: null, refused: check.reason };
  return isGivenInLists(viewer, check.uscc)
    ? { uscc: check.uscc, refused: null }
    : { uscc: null, refused: 'NOT_IN_BULK' };
}
