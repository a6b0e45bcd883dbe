import { createHash, randomUUID } from 'node:crypto';
import { Prisma, type PrismaClient } from '#prisma/client.ts';
import type { ReplacementImpact } from '#records/filing/replacement.ts';
import type { PartOutcome } from '#records/subgraph.ts';
import { callBy, once, type Once } from '#gateway/database/idempotency.ts';
import { actorOf, isId } from '#gateway/database/rows.ts';
import { mayReplace } from '#policy/filings.ts';
import { outcomeFor } from '#policy/matrix.ts';
import type { Viewer } from '#policy/viewer.ts';

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
  /** Without its rows, which `findPart` returns. */
  readonly parts: readonly { readonly number: number; readonly outcome: Receipt; readonly digest: Uint8Array }[];
}

/**
 * What a full replacement ends: computed when all its parts have arrived, and then applied at once or when a second
 * person confirms.
 */
export interface ReplacementOutcome extends ReplacementImpact {
  readonly ended: number;
}

/** Why nothing was done. Another unit's filing is reported as one that does not exist. */
export type FilingRefusal = 'NOT_FOUND' | 'PARTS_MISSING';

export interface FilingRepository {
  findFiling(viewer: Viewer, id: string): Promise<FilingRow | null>;
  /** A full replacement that the viewer may decide on. */
  findReplacing(viewer: Viewer, id: string): Promise<FilingRow | null>;
  /**
   * The outcome of a recorded part, row by row; null when it is not recorded. The viewer must have access to the
   * filing.
   */
  findPart(filing: FilingRow, number: number): Promise<PartOutcome | null>;
  createFiling(
    viewer: Viewer,
    input: { idempotencyKey: string; kind: string; format: string; partsExpected: number; mode?: string | null },
  ): Promise<Once<string>>;
  /** A filing of one part, whose rows are in the input. */
  openBatch(
    viewer: Viewer,
    input: { idempotencyKey: string; kind: string; rows: readonly unknown[] },
  ): Promise<Once<string>>;
  savePart(viewer: Viewer, id: string, number: number, digest: Buffer, outcome: PartOutcome): Promise<void>;
  /**
   * A full replacement is completed only when it is applied: until then it is RUNNING or QUARANTINED with its computed
   * impact.
   */
  completeFiling(
    viewer: Viewer,
    input: { idempotencyKey: string; id: string },
    impact?: { readonly status: 'RUNNING' | 'QUARANTINED'; readonly replacement: ReplacementImpact },
  ): Promise<Once<string> | FilingRefusal>;
  /** Applies or discards a filing that waits; false when it did not wait. */
  decideFiling(viewer: Viewer, input: { idempotencyKey: string; id: string; apply: boolean }): Promise<Once<boolean>>;
  /** A replacement that was applied is completed. */
  endReplacement(filing: FilingRow, replacement: ReplacementOutcome): Promise<void>;
}

interface Parts {
  readonly prisma: PrismaClient;
  readonly now: () => Date;
}

/** Filings, their parts and their outcomes, in the gateway's own schema. */
export function createFilingRepository(prisma: PrismaClient, now: () => Date): FilingRepository {
  const parts: Parts = { prisma, now };
  return {
    findFiling: (viewer, id) => findFiling(parts, viewer, id),
    findReplacing: (viewer, id) => findReplacing(parts, viewer, id),
    findPart: (filing, number) => findPart(parts, filing, number),
    createFiling: (viewer, input) =>
      openFiling(parts, viewer, 'createFiling', input, {
        kind: input.kind,
        format: input.format,
        partsExpected: input.partsExpected,
        mode: input.mode ?? 'ADD',
        createdByActor: viewer.actor,
      }),
    openBatch: (viewer, input) =>
      openFiling(parts, viewer, 'fileRecords', input, { kind: input.kind, format: 'NDJSON', partsExpected: 1 }),
    savePart: (viewer, id, number, digest, outcome) => savePart(parts, viewer, { id, number, digest, outcome }),
    completeFiling: (viewer, input, impact) => completeFiling(parts, viewer, input, impact),
    decideFiling: (viewer, input) => decideFiling(parts, viewer, input),
    async endReplacement({ id }, replacement) {
      await prisma.filing.updateMany({
        where: { id, mode: 'REPLACE', status: 'RUNNING' },
        data: { status: 'COMPLETED', replacement: { ...replacement } },
      });
    },
  };
}

// --- finding ------------------------------------------------------------------------------------------------------

async function findFiling(parts: Parts, viewer: Viewer, id: string): Promise<FilingRow | null> {
  if (!isId(id)) return null;
  const own = outcomeFor(viewer, 'FILING') === 'ALLOW' ? null : { unit: actorOf(viewer) };
  return withParts(parts, await parts.prisma.filing.findFirst({ where: { id, ...own } }));
}

async function findReplacing(parts: Parts, viewer: Viewer, id: string): Promise<FilingRow | null> {
  const filing = isId(id) ? await parts.prisma.filing.findFirst({ where: { id, mode: 'REPLACE' } }) : null;
  return filing && mayReplace(viewer, filing.unit) ? withParts(parts, filing) : null;
}

/** Outcomes without their rows, which are megabytes where many are refused; a filing has up to 10 000 parts. */
async function withParts<Row extends { id: string }>({ prisma }: Parts, filing: Row | null) {
  return (
    filing && {
      ...filing,
      parts: await prisma.$queryRaw<FilingRow['parts']>`
        select number, digest, outcome - 'rejectedRows' - 'rowOutcomes' as outcome
        from gateway.filing_part
        where filing_id = ${filing.id}::uuid
        order by number
        limit 10000`,
    }
  );
}

async function findPart({ prisma }: Parts, filing: FilingRow, number: number): Promise<PartOutcome | null> {
  const part = await prisma.filingPart.findUnique({ where: { filingId_number: { filingId: filing.id, number } } });
  return part && (part.outcome as unknown as PartOutcome); // written only by savePart
}

// --- changing -----------------------------------------------------------------------------------------------------

/** Opens a filing of the viewer's organisation, once for its key. @returns its id */
const openFiling = (
  { prisma, now }: Parts,
  viewer: Viewer,
  mutation: string,
  input: { readonly idempotencyKey: string },
  data: Pick<Prisma.FilingCreateInput, 'kind' | 'format' | 'partsExpected' | 'mode' | 'createdByActor'>,
): Promise<Once<string>> =>
  once(prisma, callBy(viewer, mutation, input, now()), async (transaction) => {
    const { id } = await transaction.filing.create({
      data: { id: randomUUID(), unit: actorOf(viewer), status: 'CREATED', createdAt: now(), ...data },
    });
    return id;
  });

async function savePart(
  { prisma, now }: Parts,
  viewer: Viewer,
  { id, number, digest, outcome }: { id: string; number: number; digest: Buffer; outcome: PartOutcome },
): Promise<void> {
  await prisma.$transaction([
    prisma.filing.updateMany({ where: { id, unit: actorOf(viewer), status: 'CREATED' }, data: { status: 'RUNNING' } }),
    prisma.filingPart.upsert({
      where: { filingId_number: { filingId: id, number } },
      create: {
        filingId: id,
        number,
        digest: new Uint8Array(digest),
        outcome: outcome as unknown as Prisma.InputJsonObject,
        recordedAt: now(),
      },
      update: {},
    }),
  ]);
}

async function completeFiling(
  parts: Parts,
  viewer: Viewer,
  input: { idempotencyKey: string; id: string },
  impact: Parameters<FilingRepository['completeFiling']>[2],
): Promise<Once<string> | FilingRefusal> {
  const { prisma, now } = parts;
  const filing = await findFiling(parts, viewer, input.id);
  if (!filing) return 'NOT_FOUND';
  if (filing.parts.length < filing.partsExpected) return 'PARTS_MISSING';
  return once(prisma, callBy(viewer, 'completeFiling', input, now()), async (transaction) => {
    const receipt = sumOf(filing.parts.map(({ outcome }) => outcome)) as unknown as Prisma.InputJsonObject;
    const open = {
      id: filing.id,
      mode: impact ? 'REPLACE' : 'ADD',
      status: { in: ['CREATED', 'RUNNING'] },
      replacement: { equals: Prisma.DbNull },
    };
    await transaction.filing.updateMany({
      where: open,
      data: {
        receipt,
        completedAt: now(),
        ...(impact
          ? { status: impact.status, replacement: { ...impact.replacement, ended: 0 } }
          : { status: 'COMPLETED' }),
      },
    });
    return filing.id;
  });
}

const decideFiling = (
  { prisma, now }: Parts,
  viewer: Viewer,
  input: { idempotencyKey: string; id: string; apply: boolean },
): Promise<Once<boolean>> =>
  once(prisma, callBy(viewer, 'confirmFiling', input, now()), async (transaction) => {
    const decided = { confirmedBy: actorOf(viewer), confirmedByActor: viewer.actor, confirmedAt: now() };
    const { count } = await transaction.filing.updateMany({
      where: { id: input.id, status: 'QUARANTINED' },
      data: { status: input.apply ? 'RUNNING' : 'CANCELLED', ...decided },
    });
    return count === 1;
  });

/** The sums over all rows of a filing. Its digest is over the parts' digests, in order. */
function sumOf(parts: readonly Receipt[]): Receipt {
  const total = { rows: 0, added: 0, corrected: 0, unchanged: 0, pending: 0, rejected: 0, warned: 0 };
  for (const part of parts)
    // older parts, from before rows could wait, have no such number
    for (const key of Object.keys(total) as (keyof typeof total)[]) total[key] += part[key] ?? 0;
  return { ...total, digest: sha256(parts.map(({ digest }) => digest).join('\n')) };
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
