import { randomUUID } from 'node:crypto';
import type { PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, type Page, pageOf } from '#kit/connection.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { callBy, once, type Once } from './idempotency.ts';
import type { GiveConsentInput, RevokeConsentInput } from './resolvers.generated.ts';
import { isId, olderThan } from './rows.ts';

export interface ConsentRow {
  readonly id: string;
  readonly subject: string;
  readonly grantee: string;
  readonly purpose: string;
  readonly givenAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

/** Consents as they are given and taken back; policy/rows.ts says what they show. Those that are over stay. */
export interface ConsentBook {
  /** One that the viewer's organisation gave. */
  find(viewer: Viewer, id: string): Promise<ConsentRow | null>;
  /** Those that the viewer's organisation gave, where its role gives them, and otherwise those that it received. */
  page(viewer: Viewer, first: number, after: readonly string[] | null): Promise<Page<ConsentRow>>;
  count(viewer: Viewer): Promise<number>;
  /** For `mostDays` at most; longer, or over before it begins, is BAD_PERIOD. */
  give(viewer: Viewer, input: GiveConsentInput, mostDays: number): Promise<Once<string> | 'BAD_PERIOD'>;
  /** Takes one back with all that the grantee has of the viewer's organisation for the same purpose. What was over before keeps its dates. */
  revoke(viewer: Viewer, input: RevokeConsentInput, consent: ConsentRow): Promise<Once<string>>;
}

const DAY_MS = 24 * 60 * 60_000;

/** Undoes the transaction of a refusal: its key is free again, as nothing was done. */
class BadPeriod extends Error {}

export function createConsentBook(prisma: PrismaClient, now: () => Date): ConsentBook {
  // Nobody without an organisation gives or receives.
  const own = ({ organisation }: Viewer): string => organisation ?? '';
  const side = (viewer: Viewer) => (may(viewer, 'consent:give') ? { subject: own(viewer) } : { grantee: own(viewer) });
  const call = (viewer: Viewer, mutation: string, input: { readonly idempotencyKey: string }) => callBy(viewer, mutation, input, now());

  return {
    find: (viewer, id) => (isId(id) ? prisma.consent.findUnique({ where: { subject_id: { subject: own(viewer), id } } }) : Promise.resolve(null)),

    async page(viewer, first, after) {
      return pageOf(await prisma.consent.findMany({ where: { ...side(viewer), ...olderThan(after, 'givenAt') }, orderBy: [{ givenAt: 'desc' }, { id: 'desc' }], take: first + 1 }), first);
    },

    count: (viewer) => prisma.consent.count({ where: side(viewer), take: COUNT_LIMIT + 1 }),

    async give(viewer, input, mostDays) {
      try {
        return await once(prisma, call(viewer, 'giveConsent', input), async (transaction) => {
          const [givenAt, expiresAt] = [now(), new Date(input.until)];
          // Asked here alone: the same call, repeated when its end has passed, is given its first answer.
          if (expiresAt <= givenAt || expiresAt.getTime() > givenAt.getTime() + mostDays * DAY_MS) throw new BadPeriod();
          const { grantee, purpose } = input;
          const { id } = await transaction.consent.create({ data: { id: randomUUID(), subject: own(viewer), grantee, purpose, givenAt, expiresAt, givenByActor: viewer.actor } });
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
        await transaction.consent.updateMany({ where: { subject, grantee, purpose, revokedAt: null, expiresAt: { gt: at } }, data: { revokedAt: at } });
        return input.id;
      }),
  };
}
