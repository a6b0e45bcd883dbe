import { createHash } from 'node:crypto';
import { canonicalJson } from './filing/canonical.ts';
import { query, statement, transaction, type Client, type Pool } from './postgres/pool.ts';

/** A mutation that a subgraph runs itself. */
export interface Call {
  /** Who calls; keys are its own. */
  readonly organisation: string;
  readonly mutation: string;
  readonly key: string;
  readonly input: unknown;
  readonly at: Date;
}

/** What the work did, or why it did nothing. What is done is kept as JSON. */
export type Work<Done, Refusal> = { readonly done: Done } | { readonly refused: Refusal };

export type Once<Done, Refusal> = { readonly outcome: 'done'; readonly result: Done } | { readonly outcome: 'refused'; readonly refusal: Refusal } | { readonly outcome: 'conflict' };

/** Runs `work` in one transaction with its key: the same key with the same input gives the first answer again, with another input a conflict. */
export type RunOnce = <Done, Refusal>(call: Call, work: (client: Client) => Promise<Work<Done, Refusal>>) => Promise<Once<Done, Refusal>>;

/** Keys are kept 30 days (design §5). */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/** Undoes the transaction of a refusal: its key is free again, as nothing was done. */
class Undone extends Error {}

/**
 * As gateway/desk/idempotency.ts for the desk: two calls with one key at the same time wait for each other on the key's row.
 * The schema has a table `idempotency`.
 */
export function createOnce(pool: Pool, schema: string): RunOnce {
  // Forgotten where they would be met again: whoever calls sweeps what is over of its own.
  const forget = statement(`${schema}.idempotency.forget`, `delete from ${schema}.idempotency where organisation = $1 and created_at < $2::timestamptz`);
  const claim = statement(
    `${schema}.idempotency.claim`,
    `insert into ${schema}.idempotency (organisation, mutation, key, input_digest, result, created_at)
     values ($1, $2, $3, decode($4, 'hex'), 'null', $5::timestamptz)
     on conflict (organisation, mutation, key) do nothing
     returning key`,
  );
  const known = statement(
    `${schema}.idempotency.known`,
    `select input_digest = decode($4, 'hex') as same, result
     from ${schema}.idempotency
     where organisation = $1
       and mutation = $2
       and key = $3
     limit 1`,
  );
  const keep = statement(`${schema}.idempotency.keep`, `update ${schema}.idempotency set result = $4::jsonb where organisation = $1 and mutation = $2 and key = $3`);

  return async <Done, Refusal>({ organisation, mutation, key, input, at }: Call, work: (client: Client) => Promise<Work<Done, Refusal>>): Promise<Once<Done, Refusal>> => {
    const digest = createHash('sha256').update(canonicalJson(input)).digest('hex');
    const id = [organisation, mutation, key];
    let refused: { readonly refusal: Refusal } | null = null;
    try {
      return await transaction(pool, mutation, async (client): Promise<Once<Done, Refusal>> => {
        await query(client, forget, [organisation, new Date(at.getTime() - KEPT_MS).toISOString()]);
        const claimed = await query(client, claim, [...id, digest, at.toISOString()]);
        if (claimed.length === 0) {
          const [before] = await query<{ same: boolean; result: unknown }>(client, known, [...id, digest]);
          return before?.same ? { outcome: 'done', result: before.result as Done } : { outcome: 'conflict' }; // what this same mutation stored
        }
        const did = await work(client);
        if ('refused' in did) {
          refused = { refusal: did.refused };
          throw new Undone();
        }
        await query(client, keep, [...id, JSON.stringify(did.done)]);
        return { outcome: 'done', result: did.done };
      });
    } catch (error) {
      if (error instanceof Undone && refused) return { outcome: 'refused', ...(refused as { readonly refusal: Refusal }) };
      throw error;
    }
  };
}
