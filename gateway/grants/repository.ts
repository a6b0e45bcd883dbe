import { randomUUID } from 'node:crypto';
import type { PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import { callBy, once, type Once, type MutationTransaction } from '#gateway/database/idempotency.ts';
import { actorOf, isId, olderThan } from '#gateway/database/rows.ts';
import { type Role, roleDefinitions } from '#policy/roles.ts';
import { type Viewer } from '#policy/viewer.ts';
import { GRANTS_CHANGED } from './store.ts';

export interface GrantRow {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  readonly province: string | null;
  readonly sector: string | null;
  readonly validFrom: Date;
  readonly validTo: Date | null;
}

/** Why nothing was granted or ended. */
export type GrantRefusal = 'NOT_FOUND' | 'BINDING';

/** Grants and revoked tokens, in the gateway's own schema. */
export interface GrantRepository {
  pageGrants(organisation: string | null, first: number, after: readonly string[] | null): Promise<Page<GrantRow>>;
  countGrants(organisation: string | null): Promise<number>;
  findGrant(id: string): Promise<GrantRow | null>;
  grantRole(
    viewer: Viewer,
    input: {
      idempotencyKey: string;
      organisation: string;
      role: Role;
      province?: string | null;
      sector?: string | null;
      to?: string | null;
    },
  ): Promise<Once<string> | GrantRefusal>;
  endGrant(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | GrantRefusal>;
  revokeToken(
    viewer: Viewer,
    input: { idempotencyKey: string; tokenId: string; reason: string },
  ): Promise<Once<string>>;
  /**
   * The first grant of an installation, without which nobody could make a grant. It does nothing while any organisation
   * has the role: a grant that was ended does not come back with the next start.
   * @returns whether it was made
   */
  bootstrap(organisation: string, role: Role): Promise<boolean>;
}

export function createGrantRepository(prisma: PrismaClient, now: () => Date): GrantRepository {
  const changed = (transaction: MutationTransaction) =>
    transaction.$executeRaw`select pg_notify(${GRANTS_CHANGED}, '')`;

  return {
    async pageGrants(organisation, first, after) {
      const rows = await prisma.grant.findMany({
        where: {
          ...(organisation === null ? null : { organisation }),
          ...olderThan(after, 'validFrom'),
        },
        orderBy: [{ validFrom: 'desc' }, { id: 'desc' }],
        take: first + 1,
      });
      return pageOf(rows, first);
    },

    countGrants: (organisation) =>
      prisma.grant.count({ ...(organisation === null ? null : { where: { organisation } }), take: COUNT_LIMIT + 1 }),
    findGrant: async (id) => (isId(id) ? prisma.grant.findUnique({ where: { id } }) : null),

    async grantRole(viewer, input) {
      const { binding } = roleDefinitions[input.role];
      if (
        binding === 'NONE' ||
        (binding === 'PROVINCE') !== (input.province != null) ||
        (binding === 'SECTOR') !== (input.sector != null)
      )
        return 'BINDING';
      return once(prisma, callBy(viewer, 'grantRole', input, now()), async (transaction) => {
        const { id } = await transaction.grant.create({
          data: {
            id: randomUUID(),
            organisation: input.organisation,
            role: input.role,
            province: input.province ?? null,
            sector: input.sector ?? null,
            validFrom: now(),
            validTo: input.to ? new Date(input.to) : null,
            grantedBy: actorOf(viewer),
          },
        });
        await changed(transaction);
        return id;
      });
    },

    async endGrant(viewer, input) {
      if (!(await this.findGrant(input.id))) return 'NOT_FOUND';
      return once(prisma, callBy(viewer, 'endGrant', input, now()), async (transaction) => {
        const at = now();
        // A grant that has ended keeps its end.
        await transaction.grant.updateMany({
          where: { id: input.id, OR: [{ validTo: null }, { validTo: { gt: at } }] },
          data: { validTo: at },
        });
        await changed(transaction);
        return input.id;
      });
    },

    revokeToken: (viewer, input) =>
      once(prisma, callBy(viewer, 'revokeToken', input, now()), async (transaction) => {
        await transaction.revokedToken.upsert({
          where: { tokenId: input.tokenId },
          create: { tokenId: input.tokenId, reason: input.reason, revokedAt: now(), revokedBy: actorOf(viewer) },
          update: {},
        });
        await changed(transaction);
        return input.tokenId;
      }),

    async bootstrap(organisation, role) {
      const inForce = await prisma.grant.findFirst({
        where: { role, OR: [{ validTo: null }, { validTo: { gt: now() } }] },
      });
      if (inForce) return false;
      await prisma.grant.create({
        data: { id: randomUUID(), organisation, role, validFrom: now(), grantedBy: 'bootstrap' },
      });
      return true;
    },
  };
}
