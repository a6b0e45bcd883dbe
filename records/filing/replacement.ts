import { mayReplace, replacedSector } from '#policy/filings.ts';
import type { Viewer } from '#policy/viewer.ts';
import { clientError } from '#kit/errors.ts';
import { auditChange, createFeed, type FeedWriter } from '#records/outbox.ts';
import type { Instants } from '#records/instants.ts';
import { type Client, type Pool, transaction } from '#kit/postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from '#records/record.ts';
import type { RecordTable } from './record.ts';
import { FORGOTTEN_AT_ONCE, type ReplacementStatements, replacementStatements } from './replacementStatements.ts';

/**
 * A filing whose rows are all that the unit has of the kind. `filed_row` holds its rows, and those that the unit filed
 * while it was open.
 */
export interface ReplacingFiling {
  readonly id: string;
  readonly unit: string;
}

/** What a full replacement would end. */
export interface ReplacementImpact {
  /** Records of the unit that were current before the filing and had not been withdrawn. */
  readonly standing: number;
  /** Those of them that the filing does not have. */
  readonly missing: number;
  /** Those of the missing that never end without a second person. */
  readonly guarded: number;
  /**
   * The recorded time of the count, ISO 8601: what is recorded later is not missing, whenever the filing is applied.
   */
  readonly at: string;
}

export interface Replacement {
  /**
   * Counts what the replacement would end. Call it when all parts of the filing are recorded; the filing is open from
   * then on.
   * @throws UNAUTHORIZED_FIELD_OR_TYPE for the unit of another organisation
   */
  weigh(viewer: Viewer, filing: ReplacingFiling): Promise<ReplacementImpact>;
  /**
   * Ends what was missing at that time and still is, in batches of one transaction each. A second run continues the
   * first.
   * @returns how many records the filing has ended in all
   * @throws as `weigh`
   */
  apply(viewer: Viewer, filing: ReplacingFiling, at: string): Promise<number>;
  /**
   * Ends no record, and deletes what was noted for the filing.
   * @throws as `weigh`
   */
  discard(viewer: Viewer, filing: ReplacingFiling): Promise<void>;
}

const DEADLINE_MS = 60_000;

/** What the full replacements of one kind of filing in one table have in common. */
interface ReplacementDeps {
  readonly schema: string;
  readonly kind: string;
  readonly kindOfRow: string | null;
  readonly sql: ReplacementStatements;
  readonly feed: FeedWriter;
  readonly instants: Instants;
  /** The day in Shanghai. */
  readonly today: () => string;
  /** Runs work in a transaction; `name` names it in its errors. */
  readonly run: <Result>(name: string, work: (client: Client) => Promise<Result>) => Promise<Result>;
}

/**
 * Creates the full replacement of one kind of filing in one table.
 * @param kindOfRow where a table holds several kinds of filing: the value of its column `kind`
 * @param today the day in Shanghai, 'YYYY-MM-DD', on which records end
 */
export function createReplacement<Own extends string>(
  table: RecordTable<Own>,
  kind: string,
  kindOfRow: string | null,
  pool: Pool,
  instants: Instants,
  today: () => string,
): Replacement {
  const deps: ReplacementDeps = {
    schema: table.schema,
    kind,
    kindOfRow,
    sql: replacementStatements(table, kindOfRow !== null),
    feed: createFeed(table),
    instants,
    today,
    run: (name, work) => transaction(pool, `${name} ${table.schema}.${table.name}`, work, { deadlineMs: DEADLINE_MS }),
  };
  return {
    async weigh(viewer, filing) {
      check(viewer, filing);
      return countMissing(deps, viewer, filing);
    },
    async apply(viewer, filing, at) {
      check(viewer, filing);
      while (await deps.run('replace', (client) => endBatch(deps, client, viewer, filing, at)));
      return close(deps, filing);
    },
    async discard(viewer, filing) {
      check(viewer, filing);
      await close(deps, filing);
    },
  };
}

function check(viewer: Viewer, { unit }: ReplacingFiling): void {
  if (!mayReplace(viewer, unit))
    throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your organisation may not end the records of another unit.');
}

/** The parameters of the statements that find what a filing does not have, as of `at`. */
const missingOf = ({ kindOfRow }: ReplacementDeps, { id, unit }: ReplacingFiling, at: string): string[] =>
  kindOfRow === null ? [unit, id, at] : [unit, id, at, kindOfRow];

async function countMissing(
  deps: ReplacementDeps,
  viewer: Viewer,
  filing: ReplacingFiling,
): Promise<ReplacementImpact> {
  const { sql, instants, kind } = deps;
  const at = await instants.seal();
  const { missing, guarded, kept } = await deps.run('weigh', async (client) => {
    await client.query(sql.open, [filing.id, filing.unit, kind, replacedSector(viewer)]);
    const { rows } = await client.query<{ missing: number; guarded: number; kept: number }>(
      sql.weigh,
      missingOf(deps, filing, at),
    );
    return rows[0] as { missing: number; guarded: number; kept: number }; // a select without from has one row
  });
  return { standing: kept + missing, missing, guarded, at };
}

/** Ends some of the records that are missing. @returns whether there were any */
async function endBatch(
  deps: ReplacementDeps,
  client: Client,
  viewer: Viewer,
  filing: ReplacingFiling,
  at: string,
): Promise<boolean> {
  const { sql, feed, instants } = deps;
  const missing = missingOf(deps, filing, at);
  const { rowCount } = await client.query(sql.find, missing);
  if (rowCount === 0) return false;
  // The records are looked for again under the clock. Every writer of versions holds it, so these stay the current ones
  // until the commit.
  const recordedAt = await instants.stamp(client);
  const { rows } = await client.query<{
    uscc: string;
    record_id: string;
    version: number;
    before: string | null;
  }>(sql.find, missing);
  const keys = [
    rows.map(({ uscc }) => uscc),
    rows.map(({ record_id }) => record_id),
    rows.map(({ version }) => version),
  ];
  await client.query(sql.supersede, [...keys, recordedAt, deps.today()]);
  await client.query(sql.insert, [...keys, recordedAt, filing.id]);
  await client.query(sql.count, [filing.id, rows.length]);
  const stamp = { recordedAt, filingId: filing.id };
  await feed.announce(
    client,
    stamp,
    rows.map(({ uscc, record_id, version, before }) => ({ uscc, recordId: record_id, version: version + 1, before })),
  );
  await auditChange(client, viewer, {
    ...stamp,
    schema: deps.schema,
    action: deps.kind,
    rows: rows.length,
    details: { reason: NOT_IN_REPLACEMENT },
  });
  return true;
}

/**
 * Closes the filing and deletes what was noted for it. After it no row is noted for the filing any more, since a writer
 * that notes one holds the clock (merge.ts).
 * @returns how many records the filing has ended
 */
async function close({ sql, instants, run }: ReplacementDeps, { id }: ReplacingFiling): Promise<number> {
  const { rows } = await run('close', async (client) => {
    await instants.stamp(client);
    return client.query<{ ended: number }>(sql.close, [id]);
  });
  while ((await run('forget', (client) => client.query(sql.forget, [id]))).rowCount === FORGOTTEN_AT_ONCE);
  return rows[0]?.ended ?? 0;
}
