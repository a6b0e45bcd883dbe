import { randomUUID } from 'node:crypto';
import type { PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { callBy, once, type Once } from '#gateway/database/idempotency.ts';
import type { GiveConsentInput, RevokeConsentInput } from './resolvers.generated.ts';
import { isId, olderThan } from '#gateway/database/rows.ts';

export interface ConsentRow {
  readonly id: string;
  readonly subject: string;
  readonly grantee: string;
  readonly purpose: string;
  readonly givenAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

/** Consents as they are given and withdrawn; policy/rows.ts decides what they open. Consents that are over are kept. */
export interface ConsentStore {
  /** A consent that the viewer's organisation gave. */
  find(viewer: Viewer, id: string): Promise<ConsentRow | null>;
  /** Consents that the viewer's organisation gave, if its role can give them, and otherwise those that it received. */
  page(viewer: Viewer, first: number, after: readonly string[] | null): Promise<Page<ConsentRow>>;
  count(viewer: Viewer): Promise<number>;
  /** For at most `maxDays`; a longer period, or one that is over before it begins, is BAD_PERIOD. */
  create(viewer: Viewer, input: GiveConsentInput, maxDays: number): Promise<Once<string> | 'BAD_PERIOD'>;
  /**
   * Withdraws a consent with all other consents of the grantee from the viewer's organisation for the same purpose. A
   * consent that was already over keeps its dates.
   */
  revoke(viewer: Viewer, input: RevokeConsentInput, consent: ConsentRow): Promise<Once<string>>;
}

const DAY_MS = 24 * 60 * 60_000;

/** Rolls back the transaction of a refusal: its key is free again, since nothing was done. */
class BadPeriod extends Error {}

export function createConsentStore(prisma: PrismaClient, now: () => Date): ConsentStore {
  // A viewer without an organisation neither gives nor receives consents.
  const own = ({ organisation }: Viewer): string => organisation ?? '';
  const side = (viewer: Viewer) => (may(viewer, 'consent:give') ? { subject: own(viewer) } : { grantee: own(viewer) });
  const call = (viewer: Viewer, mutation: string, input: { readonly idempotencyKey: string }) =>
    callBy(viewer, mutation, input, now());

  return {
    find: (viewer, id) =>
      isId(id)
        ? prisma.consent.findUnique({ where: { subject_id: { subject: own(viewer), id } } })
        : Promise.resolve(null),

    async page(viewer, first, after) {
      return pageOf(
        await prisma.consent.findMany({
          where: { ...side(viewer), ...olderThan(after, 'givenAt') },
          orderBy: [{ givenAt: 'desc' }, { id: 'desc' }],
          take: first + 1,
        }),
        first,
      );
    },

    count: (viewer) => prisma.consent.count({ where: side(viewer), take: COUNT_LIMIT + 1 }),

    async create(viewer, input, maxDays) {
      try {
        return await once(prisma, call(viewer, 'giveConsent', input), async (transaction) => {
          const [givenAt, expiresAt] = [now(), new Date(input.until)];
          // Checked only here: the same call, repeated after its end has passed, returns its first answer.
          if (expiresAt <= givenAt || expiresAt.getTime() > givenAt.getTime() + maxDays * DAY_MS) throw new BadPeriod();
          const { grantee, purpose } = input;
          const { id } = await transaction.consent.create({
            data: {
              id: randomUUID(),
              subject: own(viewer),
              grantee,
              purpose,
              givenAt,
              expiresAt,
              givenByActor: viewer.actor,
            },
          });
          return id;
        });
      } catch (error) {
        if (error instanceof BadPeriod) return 'BAD_PERIOD';
        throw error;
      }
    },

    revoke: (viewer, input, { subject, grantee, purpose }) =>
      once(prisma, call(viewer, 'revokeConsent', input), async (transaction) => {
        const at = now();
        await transaction.consent.updateMany({
          where: { subject, grantee, purpose, revokedAt: null, expiresAt: { gt: at } },
          data: { revokedAt: at },
        });
        return input.id;
      }),
  };
}
