import { createHash, randomUUID } from 'node:crypto';
import type { PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import type { Viewer } from '#policy/viewer.ts';
import { callBy, once, type Once, TooMany, unlessTooMany, withLast } from '#gateway/database/idempotency.ts';
import type { ExportStatus } from './resolvers.generated.ts';
import { isId, olderThan, owner } from '#gateway/database/rows.ts';

export interface ExportRow {
  readonly id: string;
  readonly topic: string;
  readonly filter: unknown;
  readonly status: ExportStatus;
  readonly selection: string;
  readonly purpose: string | null;
  readonly knownAt: Date;
  readonly position: string;
  readonly rowCount: bigint;
  readonly failure: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly parts: readonly ExportPartRow[];
}

export interface ExportPartRow {
  readonly number: number;
  readonly afterUscc: string;
  readonly afterRecord: string;
  readonly toUscc: string;
  readonly toRecord: string;
  readonly rowCount: number;
  readonly bytes: bigint;
  readonly digest: Uint8Array;
}

/** The content of an export, after it is checked. */
export interface NewExport {
  readonly topic: string;
  readonly filter: object;
  readonly selection: string;
  readonly knownAt: string;
  readonly head: bigint;
}

/** Exports belong to an organisation in one of its roles. */
export interface Exports {
  find(viewer: Viewer, id: string): Promise<ExportRow | null>;
  page(viewer: Viewer, first: number, after: readonly string[] | null): Promise<Page<ExportRow>>;
  count(viewer: Viewer): Promise<number>;
  create(
    viewer: Viewer,
    input: { readonly idempotencyKey: string },
    made: NewExport,
  ): Promise<Once<string> | 'TOO_MANY'>;
  cancel(viewer: Viewer, input: { readonly idempotencyKey: string; readonly id: string }): Promise<Once<string>>;
}

/**
 * Our own number, not a rule: long enough to read a large export at night, and well within what the log keeps after its
 * cursor.
 */
const KEPT_MS = 7 * 24 * 60 * 60_000;
/** The maximum of exports in progress that one organisation may have in one role. */
export const MAX_PENDING = 10;
const IN_ORDER = { parts: { orderBy: { number: 'asc' } } } as const;

export function createExports(prisma: PrismaClient, now: () => Date): Exports {
  const call = (viewer: Viewer, mutation: string, input: { readonly idempotencyKey: string }) =>
    callBy(viewer, mutation, input, now());
  // Written only here and by the worker; the table's constraints enforce it.
  const displayed = <Row extends { readonly status: string; readonly expiresAt: Date }>(row: Row) => ({
    ...row,
    status: (row.expiresAt <= now() ? 'EXPIRED' : row.status) as ExportStatus,
  });

  return {
    async find(viewer, id) {
      const row = isId(id)
        ? await prisma.export.findFirst({ where: { id, ...owner(viewer) }, include: IN_ORDER })
        : null;
      return row && displayed(row);
    },

    async page(viewer, first, after) {
      const rows = await prisma.export.findMany({
        where: { ...owner(viewer), ...olderThan(after, 'createdAt') },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: first + 1,
        include: IN_ORDER,
      });
      return pageOf(rows.map(displayed), first);
    },

    count: (viewer) => prisma.export.count({ where: owner(viewer), take: COUNT_LIMIT + 1 }),

    create: (viewer, input, { topic, filter, selection, knownAt, head }) =>
      unlessTooMany(
        once(prisma, call(viewer, 'createExport', withLast(input, 'fields')), async (transaction) => {
          const { id } = await transaction.export.create({
            data: {
              id: randomUUID(),
              ...owner(viewer),
              province: viewer.province,
              sector: viewer.sector,
              purpose: viewer.purpose,
              topic,
              filter,
              selection,
              status: 'CREATED',
              knownAt,
              validAt: new Date(knownAt),
              position: String(head),
              createdAt: now(),
              expiresAt: new Date(now().getTime() + KEPT_MS),
            },
          });
          if (
            (await transaction.export.count({
              where: { ...owner(viewer), status: { in: ['CREATED', 'RUNNING'] }, expiresAt: { gt: now() } },
              take: MAX_PENDING + 1,
            })) > MAX_PENDING
          )
            throw new TooMany();
          return id;
        }),
      ),

    cancel: (viewer, input) =>
      once(prisma, call(viewer, 'cancelExport', input), async (transaction) => {
        await transaction.export.updateMany({
          where: { id: input.id, ...owner(viewer), status: { in: ['CREATED', 'RUNNING'] } },
          data: { status: 'CANCELLING' },
        });
        return input.id;
      }),
  };
}

/** Over the digests of all parts, in order. */
export const manifestOf = (parts: readonly ExportPartRow[]): string =>
  createHash('sha256')
    .update(parts.map(({ digest }) => `${Buffer.from(digest).toString('hex')}\n`).join(''))
    .digest('hex');
