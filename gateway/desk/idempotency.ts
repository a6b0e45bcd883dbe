import { createHash } from 'node:crypto';
import { Prisma, type PrismaClient } from '#prisma/client.ts';
import type { Viewer } from '#policy/viewer.ts';

/** What a mutation runs in: its effect and the answer kept under its key are one transaction. */
export type Work = Prisma.TransactionClient;

export type Once<Result> = { readonly outcome: 'done'; readonly result: Result } | { readonly outcome: 'conflict' };

/** A call by the viewer's organisation. */
export const callBy = ({ organisation }: Viewer, mutation: string, input: { readonly idempotencyKey: string }, at: Date) => ({ organisation: organisation ?? '', mutation, key: input.idempotencyKey, input, at });

/** Keys are kept 30 days (design §5). */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/**
 * Runs a mutation once per (organisation, mutation, key): the same key with the same input gives the first answer again,
 * with another input a conflict. Two at the same time: the key's row lets one wait for the other.
 */
export async function once<Result extends Prisma.InputJsonValue>(
  prisma: PrismaClient,
  call: { organisation: string; mutation: string; key: string; input: unknown; at: Date },
  work: (transaction: Work) => Promise<Result>,
): Promise<Once<Result>> {
  const digest = createHash('sha256').update(JSON.stringify(call.input)).digest();
  return prisma.$transaction(
    async (transaction) => {
      const { organisation, mutation, key, at } = call;
      // Forgotten where they would be met again: whoever calls sweeps what is over of its own.
      await transaction.idempotency.deleteMany({ where: { organisation, createdAt: { lt: new Date(at.getTime() - KEPT_MS) } } });
      const claimed = await transaction.$executeRaw`
        insert into gateway.idempotency (organisation, mutation, key, input_digest, result, created_at)
        values (${organisation}, ${mutation}, ${key}, ${digest}, 'null', ${at})
        on conflict (organisation, mutation, key) do nothing`;
      const id = { organisation_mutation_key: { organisation, mutation, key } };
      if (claimed === 0) {
        const known = await transaction.idempotency.findUniqueOrThrow({ where: id });
        if (!digest.equals(known.inputDigest)) return { outcome: 'conflict' };
        return { outcome: 'done', result: known.result as Result }; // what this same mutation stored
      }
      const result = await work(transaction);
      await transaction.idempotency.update({ where: id, data: { result } });
      return { outcome: 'done', result };
    },
    { timeout: 10_000, maxWait: 5000 },
  );
}

/** Undoes the transaction: its key is free again, as nothing was done. */
export class TooMany extends Error {}

export const unlessTooMany = async <Answer>(work: Promise<Answer>): Promise<Answer | 'TOO_MANY'> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TooMany) return 'TOO_MANY';
    throw error;
  }
};
