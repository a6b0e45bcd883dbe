import { createHash } from 'node:crypto';
import { canonicalJson } from './canonical.ts';
import { query, type Statement, statement, transaction, type Client, type Pool } from './postgres/pool.ts';

/** A call of a mutation. */
export interface Call {
  /** The caller's organisation, which owns the keys. */
  readonly organisation: string;
  readonly mutation: string;
  readonly key: string;
  readonly input: unknown;
  readonly at: Date;
}

/** What the work did, or why it did nothing. The result is kept as JSON. */
export type WorkOutcome<Done, Refusal> = { readonly done: Done } | { readonly refused: Refusal };

export type Once<Done, Refusal> =
  | { readonly outcome: 'done'; readonly result: Done }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'conflict' };

/**
 * Runs `work` in one transaction with its key. The same key with the same input returns the first answer again; with
 * other input it is a conflict.
 */
export type RunOnce = <Done, Refusal>(
  call: Call,
  work: (client: Client) => Promise<WorkOutcome<Done, Refusal>>,
) => Promise<Once<Done, Refusal>>;

/** Keys are kept 30 days (design §5). */
const KEPT_MS = 30 * 24 * 60 * 60_000;

/** Rolls back the transaction of a refusal: its key is free again, as nothing was done. */
class Undone extends Error {}

/** Runs one statement in the transaction of a call. */
export type Sql = <Row extends object>(statement: Statement, values: readonly unknown[]) => Promise<Row[]>;

/** The answer that is kept under a key: of the same input, or of another. */
type Kept = { readonly same: boolean; readonly result: unknown };

/** The keys of a schema that has a table `idempotency`, in the caller's own transaction. */
export interface Keys {
  /**
   * Takes the key of a call, or returns what is kept under it. Of two calls with one key at the same time, one waits
   * for the other's row.
   * @param digest of the input, in hex
   */
  claim(sql: Sql, call: Call, digest: string): Promise<Kept | null>;
  /** Keeps the answer under a key that was taken. */
  keep(sql: Sql, call: Call, result: unknown): Promise<void>;
}

/** @param schema of PostgreSQL, a constant of this program */
export function createKeys(schema: string): Keys {
  // Expired keys are deleted where they would be met again: each caller deletes its own.
  const forget = statement(
    `${schema}.idempotency.forget`,
    `delete from ${schema}.idempotency where organisation = $1 and created_at < $2::timestamptz`,
  );
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
  const keep = statement(
    `${schema}.idempotency.keep`,
    `update ${schema}.idempotency set result = $4::jsonb where organisation = $1 and mutation = $2 and key = $3`,
  );

  return {
    async claim(sql, { organisation, mutation, key, at }, digest) {
      const id = [organisation, mutation, key];
      await sql(forget, [organisation, new Date(at.getTime() - KEPT_MS).toISOString()]);
      const claimed = await sql(claim, [...id, digest, at.toISOString()]);
      if (claimed.length > 0) return null;
      const [before] = await sql<Kept>(known, [...id, digest]);
      if (!before) throw new Error(`the key of ${mutation} was there and is gone`);
      return before;
    },
    async keep(sql, { organisation, mutation, key }, result) {
      await sql(keep, [organisation, mutation, key, JSON.stringify(result)]);
    },
  };
}

/** Creates idempotency for a subgraph whose schema has a table `idempotency`. */
export function createOnce(pool: Pool, schema: string): RunOnce {
  const keys = createKeys(schema);
  return async <Done, Refusal>(
    call: Call,
    work: (client: Client) => Promise<WorkOutcome<Done, Refusal>>,
  ): Promise<Once<Done, Refusal>> => {
    const digest = createHash('sha256').update(canonicalJson(call.input)).digest('hex');
    let refused: { readonly refusal: Refusal } | null = null;
    try {
      return await transaction(pool, call.mutation, async (client): Promise<Once<Done, Refusal>> => {
        const sql: Sql = (each, values) => query(client, each, values);
        const before = await keys.claim(sql, call, digest);
        // The same mutation stored the result, so it has the type.
        if (before) return before.same ? { outcome: 'done', result: before.result as Done } : { outcome: 'conflict' };
        const did = await work(client);
        if ('refused' in did) {
          refused = { refusal: did.refused };
          throw new Undone();
        }
        await keys.keep(sql, call, did.done);
        return { outcome: 'done', result: did.done };
      });
    } catch (error) {
      if (error instanceof Undone && refused)
        return { outcome: 'refused', ...(refused as { readonly refusal: Refusal }) };
      throw error;
    }
  };
}
