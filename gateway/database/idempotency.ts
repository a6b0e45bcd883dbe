import { createHash } from 'node:crypto';
import { Prisma, type PrismaClient } from '#prisma/client.ts';
import { type Call, createKeys, type Sql } from '#kit/once.ts';
import { conflict, type Conflict, type InvalidInput } from '#kit/refusals.ts';
import type { Viewer } from '#policy/viewer.ts';
import { actorOf } from './rows.ts';

/** The transaction of a mutation: its effect and the answer stored under its key are committed together. */
export type MutationTransaction = Prisma.TransactionClient;

export type Once<Result> = { readonly outcome: 'done'; readonly result: Result } | { readonly outcome: 'conflict' };

/** A call by the viewer's organisation. */
export const callBy = (viewer: Viewer, mutation: string, input: { readonly idempotencyKey: string }, at: Date) => ({
  organisation: actorOf(viewer),
  mutation,
  key: input.idempotencyKey,
  input,
  at,
});

/**
 * The input with this field last. Keys outlive an upgrade, and the digest of an input depends on the order of its
 * fields: those that topics bring (records/topic.ts) stand before this one.
 */
export function withLast<Input extends object>(input: Input, field: string): Input {
  const { [field]: last, ...others } = input as Readonly<Record<string, unknown>>;
  return (last === undefined ? others : { ...others, [field]: last }) as Input;
}

/** A mutation's answer: its result, or an error that the caller can correct. */
export async function answered<Success, Refused extends string>(
  result: Once<string> | Refused,
  refusals: Readonly<Record<Refused, () => InvalidInput>>,
  success: (id: string) => Promise<Success>,
): Promise<Success | InvalidInput | Conflict> {
  if (typeof result === 'string') return refusals[result]();
  return result.outcome === 'conflict' ? conflict() : success(result.result);
}

const keys = createKeys('gateway');

/**
 * Runs a mutation once per (organisation, mutation, key), as kit/once.ts does for subgraphs: the same key with the same
 * input returns the first answer again, with another input a conflict.
 */
export async function once<Result extends Prisma.InputJsonValue>(
  prisma: PrismaClient,
  call: Call,
  work: (transaction: MutationTransaction) => Promise<Result>,
): Promise<Once<Result>> {
  // Keys that are kept have the digest of this text.
  const digest = createHash('sha256').update(JSON.stringify(call.input)).digest('hex');
  return prisma.$transaction(
    async (transaction) => {
      const sql: Sql = ({ text }, values) => transaction.$queryRawUnsafe(text, ...values);
      const before = await keys.claim(sql, call, digest);
      // The same mutation stored the result, so it has the type.
      if (before) return before.same ? { outcome: 'done', result: before.result as Result } : { outcome: 'conflict' };
      const result = await work(transaction);
      await keys.keep(sql, call, result);
      return { outcome: 'done', result };
    },
    { timeout: 10_000, maxWait: 5000 },
  );
}

/** Rolls back the transaction: its key is free again, since nothing was done. */
export class TooMany extends Error {}

export const unlessTooMany = async <Answer>(work: Promise<Answer>): Promise<Answer | 'TOO_MANY'> => {
  try {
    return await work;
  } catch (error) {
    if (error instanceof TooMany) return 'TOO_MANY';
    throw error;
  }
};
