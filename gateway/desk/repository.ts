import { createHash, randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from '#prisma/client.ts';
import { COUNT_LIMIT, pageOf, type Page } from '#kit/connection.ts';
import type { Weighed } from '#kit/filing/replacement.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import type { PartOutcome } from '#kit/subgraph.ts';
import { mayReplace } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import { roleBinding, type Role, type Viewer } from '#policy/viewer.ts';
import { GRANTS_CHANGED } from './grants.ts';
import { type ConsentBook, createConsentBook } from './consents.ts';
import { once, type Once, type Work } from './idempotency.ts';
import { isId, olderThan } from './rows.ts';
import { createExports, type Exports } from './exports.ts';
import { createWatchlists, type Watchlists } from './watchlists.ts';
import { createWebhooks, type Webhooks } from './webhooks.ts';
import { createRuleChanges, type RuleChanges } from './ruleChanges.ts';
import { createDocumentManifests, type DocumentManifests } from '../trustedDocuments/repository.ts';

export interface GrantRow {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  readonly province: string | null;
  readonly sector: string | null;
  readonly validFrom: Date;
  readonly validTo: Date | null;
}

export type Receipt = Omit<PartOutcome, 'rejectedRows' | 'rowOutcomes'>;

export interface FilingRow {
  readonly id: string;
  readonly unit: string;
  readonly kind: string;
  readonly format: string;
  readonly status: string;
  readonly partsExpected: number;
  readonly receipt: unknown;
  readonly mode: string;
  readonly replacement: unknown;
  readonly createdByActor: string | null;
  /** Without its rows: those of `findPart`. */
  readonly parts: readonly { readonly number: number; readonly outcome: Receipt; readonly digest: Uint8Array }[];
}

/** What a full replacement ends: weighed when all its parts are there, and then applied at once or when a second person says so. */
export interface ReplacementOutcome extends Weighed {
  readonly ended: number;
}

/** Why nothing was done. Asking for another unit's filing is asking for one that is not there. */
export type Refusal = 'NOT_FOUND' | 'PARTS_MISSING' | 'BINDING';

export interface DeskRepository extends AsyncDisposable {
  readonly ruleChanges: RuleChanges;
  readonly documentManifests: DocumentManifests;
  readonly watchlists: Watchlists;
  readonly exports: Exports;
  readonly consents: ConsentBook;
  readonly webhooks: Webhooks;
  findFiling(viewer: Viewer, id: string): Promise<FilingRow | null>;
  /** A full replacement that the viewer may decide on. */
  findReplacing(viewer: Viewer, id: string): Promise<FilingRow | null>;
  /** What became of a part that is recorded, row by row; null when it is not. Of a filing that the viewer was given. */
  findPart(filing: FilingRow, number: number): Promise<PartOutcome | null>;
  createFiling(viewer: Viewer, input: { idempotencyKey: string; kind: string; format: string; partsExpected: number; mode?: string | null }): Promise<Once<string>>;
  /** A filing of one part, whose rows are in the input. */
  openBatch(viewer: Viewer, input: { idempotencyKey: string; kind: string; rows: readonly unknown[] }): Promise<Once<string>>;
  /** Registers units under the key; `work` is safe to run twice. */
  register(viewer: Viewer, input: { idempotencyKey: string }, work: () => Promise<string>): Promise<Once<string>>;
  savePart(viewer: Viewer, id: string, number: number, digest: Buffer, outcome: PartOutcome): Promise<void>;
  /** A full replacement is completed only when it is applied: until then it is RUNNING or QUARANTINED with what it weighs. */
  completeFiling(viewer: Viewer, input: { idempotencyKey: string; id: string }, weighed?: { readonly status: 'RUNNING' | 'QUARANTINED'; readonly replacement: Weighed }): Promise<Once<string> | Refusal>;
  /** Lets one that waits go on, or discards it; false when it did not wait. */
  decideFiling(viewer: Viewer, input: { idempotencyKey: string; id: string; apply: boolean }): Promise<Once<boolean>>;
  /** One that was applied is completed. */
  endReplacement(filing: FilingRow, replacement: ReplacementOutcome): Promise<void>;
  pageGrants(organisation: string | null, first: number, after: readonly string[] | null): Promise<Page<GrantRow>>;
  countGrants(organisation: string | null): Promise<number>;
  findGrant(id: string): Promise<GrantRow | null>;
  grantRole(viewer: Viewer, input: { idempotencyKey: string; organisation: string; role: Role; province?: string | null; sector?: string | null; to?: string | null }): Promise<Once<string> | Refusal>;
  endGrant(viewer: Viewer, input: { idempotencyKey: string; id: string }): Promise<Once<string> | Refusal>;
  revokeToken(viewer: Viewer, input: { idempotencyKey: string; tokenId: string; reason: string }): Promise<Once<string>>;
  /**
   * The first grant of an installation, without which nobody could grant anything. Does nothing while anybody has the role: a grant that was ended
   * does not come back with the next start.
   * @returns whether it was made
   */
  bootstrap(organisation: string, role: Role): Promise<boolean>;
}

/** Grants, revoked tokens and the books of filings, in the gateway's own schema. */
export function createDeskRepository(pool: Pool, now: () => Date): DeskRepository {
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { schema: 'gateway', disposeExternalPool: false }) });
  const actor = (viewer: Viewer): string => viewer.organisation ?? viewer.role;
  const changed = (transaction: Work) => transaction.$executeRaw`select pg_notify(${GRANTS_CHANGED}, '')`;
  /** Outcomes without their rows, which are megabytes where many are refused, and a filing has up to 10 000 parts. */
  const withParts = async <Row extends { id: string }>(filing: Row | null) =>
    filing && {
      ...filing,
      parts: await prisma.$queryRaw<FilingRow['parts']>`
        select number, digest, outcome - 'rejectedRows' - 'rowOutcomes' as outcome
        from gateway.filing_part
        where filing_id = ${filing.id}::uuid
        order by number
        limit 10000`,
    };

  return {
    ruleChanges: createRuleChanges(prisma, now),
    documentManifests: createDocumentManifests(prisma, now),
    watchlists: createWatchlists(prisma, now),
    exports: createExports(prisma, now),
    consents: createConsentBook(prisma, now),
    webhooks: createWebhooks(prisma, now),

    async findFiling(viewer, id) {
      if (!isId(id)) return null;
      const own = outcomeFor(viewer, 'FILING') === 'ALLOW' ? null : { unit: actor(viewer) };
      return withParts(await prisma.filing.findFirst({ where: { id, ...own } }));
    },

    async findReplacing(viewer, id) {
      const filing = isId(id) ? await prisma.filing.findFirst({ where: { id, mode: 'REPLACE' } }) : null;
      return filing && mayReplace(viewer, filing.unit) ? withParts(filing) : null;
    },

    async findPart(filing, number) {
      const part = await prisma.filingPart.findUnique({ where: { filingId_number: { filingId: filing.id, number } } });
      return part && (part.outcome as unknown as PartOutcome); // written by savePart alone
    },

    createFiling: (viewer, input) =>
      once(prisma, { organisation: actor(viewer), mutation: 'createFiling', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        const { kind, format, partsExpected, mode } = input;
        const { id } = await transaction.filing.create({ data: { id: randomUUID(), unit: actor(viewer), kind, format, partsExpected, mode: mode ?? 'ADD', createdByActor: viewer.actor, status: 'CREATED', createdAt: now() } });
        return id;
      }),

    openBatch: (viewer, input) =>
      once(prisma, { organisation: actor(viewer), mutation: 'fileRecords', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        const { id } = await transaction.filing.create({ data: { id: randomUUID(), unit: actor(viewer), kind: input.kind, format: 'NDJSON', partsExpected: 1, status: 'CREATED', createdAt: now() } });
        return id;
      }),

    register: (viewer, input, work) => once(prisma, { organisation: actor(viewer), mutation: 'registerSourceUnits', key: input.idempotencyKey, input, at: now() }, work),

    async savePart(viewer, id, number, digest, outcome) {
      await prisma.$transaction([
        prisma.filing.updateMany({ where: { id, unit: actor(viewer), status: 'CREATED' }, data: { status: 'RUNNING' } }),
        prisma.filingPart.upsert({
          where: { filingId_number: { filingId: id, number } },
          create: { filingId: id, number, digest: new Uint8Array(digest), outcome: outcome as unknown as Prisma.InputJsonObject, recordedAt: now() },
          update: {},
        }),
      ]);
    },

    async completeFiling(viewer, input, weighed) {
      const filing = await this.findFiling(viewer, input.id);
      if (!filing) return 'NOT_FOUND';
      if (filing.parts.length < filing.partsExpected) return 'PARTS_MISSING';
      return once(prisma, { organisation: actor(viewer), mutation: 'completeFiling', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        const receipt = sumOf(filing.parts.map(({ outcome }) => outcome)) as unknown as Prisma.InputJsonObject;
        const open = { id: filing.id, mode: weighed ? 'REPLACE' : 'ADD', status: { in: ['CREATED', 'RUNNING'] }, replacement: { equals: Prisma.DbNull } };
        await transaction.filing.updateMany({ where: open, data: { receipt, completedAt: now(), ...(weighed ? { status: weighed.status, replacement: { ...weighed.replacement, ended: 0 } } : { status: 'COMPLETED' }) } });
        return filing.id;
      });
    },

    decideFiling: (viewer, input) =>
      once(prisma, { organisation: actor(viewer), mutation: 'confirmFiling', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        const decided = { confirmedBy: actor(viewer), confirmedByActor: viewer.actor, confirmedAt: now() };
        const { count } = await transaction.filing.updateMany({ where: { id: input.id, status: 'QUARANTINED' }, data: { status: input.apply ? 'RUNNING' : 'CANCELLED', ...decided } });
        return count === 1;
      }),

    async endReplacement({ id }, replacement) {
      await prisma.filing.updateMany({ where: { id, mode: 'REPLACE', status: 'RUNNING' }, data: { status: 'COMPLETED', replacement: { ...replacement } } });
    },

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

    countGrants: (organisation) => prisma.grant.count({ ...(organisation === null ? null : { where: { organisation } }), take: COUNT_LIMIT + 1 }),
    findGrant: async (id) => (isId(id) ? prisma.grant.findUnique({ where: { id } }) : null),

    async grantRole(viewer, input) {
      const binding = roleBinding[input.role];
      if (binding === 'NONE' || (binding === 'PROVINCE') !== (input.province != null) || (binding === 'SECTOR') !== (input.sector != null)) return 'BINDING';
      return once(prisma, { organisation: actor(viewer), mutation: 'grantRole', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        const { id } = await transaction.grant.create({
          data: { id: randomUUID(), organisation: input.organisation, role: input.role, province: input.province ?? null, sector: input.sector ?? null, validFrom: now(), validTo: input.to ? new Date(input.to) : null, grantedBy: actor(viewer) },
        });
        await changed(transaction);
        return id;
      });
    },

    async endGrant(viewer, input) {
      if (!(await this.findGrant(input.id))) return 'NOT_FOUND';
      return once(prisma, { organisation: actor(viewer), mutation: 'endGrant', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        const at = now();
        // A grant that has ended keeps its end.
        await transaction.grant.updateMany({ where: { id: input.id, OR: [{ validTo: null }, { validTo: { gt: at } }] }, data: { validTo: at } });
        await changed(transaction);
        return input.id;
      });
    },

    revokeToken: (viewer, input) =>
      once(prisma, { organisation: actor(viewer), mutation: 'revokeToken', key: input.idempotencyKey, input, at: now() }, async (transaction) => {
        await transaction.revokedToken.upsert({
          where: { tokenId: input.tokenId },
          create: { tokenId: input.tokenId, reason: input.reason, revokedAt: now(), revokedBy: actor(viewer) },
          update: {},
        });
        await changed(transaction);
        return input.tokenId;
      }),

    async bootstrap(organisation, role) {
      const inForce = await prisma.grant.findFirst({ where: { role, OR: [{ validTo: null }, { validTo: { gt: now() } }] } });
      if (inForce) return false;
      await prisma.grant.create({ data: { id: randomUUID(), organisation, role, validFrom: now(), grantedBy: 'bootstrap' } });
      return true;
    },

    [Symbol.asyncDispose]: () => prisma.$disconnect(),
  };
}

/** What became of all rows of a filing. Its digest is over the parts' digests, in order. */
function sumOf(parts: readonly Receipt[]): Receipt {
  const total = { rows: 0, added: 0, corrected: 0, unchanged: 0, pending: 0, rejected: 0, warned: 0 };
  for (const part of parts) for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += part[key] ?? 0; // parts of before rows could wait do not say how many do
  return { ...total, digest: sha256(parts.map(({ digest }) => digest).join('\n')) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
