import { mayReplace, replacedSector } from '#policy/filings.ts';
import { keepOwnRights } from '#policy/rows.ts';
import type { Viewer } from '#policy/viewer.ts';
import { clientError } from '../errors.ts';
import { auditChange, createFeed } from '../feed.ts';
import type { Instants } from '../instants.ts';
import { type Client, type Pool, transaction } from '../postgres/pool.ts';
import { NOT_IN_REPLACEMENT } from '../records.ts';
import { type RecordTable, stagedColumns } from './record.ts';

/** A filing whose rows are all that the unit has of the kind. What it has, and what the unit filed while it was open, stands in `filed_row`. */
export interface ReplacingFiling {
  readonly id: string;
  readonly unit: string;
}

/** What a full replacement would end. */
export interface Weighed {
  /** Records of the unit that stood before the filing and had not been withdrawn. */
  readonly standing: number;
  /** Those of them that the filing does not have. */
  readonly missing: number;
  /** Those of the missing that never end without a second person. */
  readonly guarded: number;
  /** The recorded time of the look, ISO 8601: what is recorded later is not missing, whenever the filing is applied. */
  readonly at: string;
}

export interface Replacement {
  /** When all parts of the filing are recorded; it is open from then on. @throws UNAUTHORIZED_FIELD_OR_TYPE for another's unit. */
  weigh(viewer: Viewer, filing: ReplacingFiling): Promise<Weighed>;
  /** Ends what was missing at that time and is still, in batches, each one transaction; run again it goes on. Gives how many the filing has ended in all. @throws as `weigh` */
  apply(viewer: Viewer, filing: ReplacingFiling, at: string): Promise<number>;
  /** Ends nothing, and forgets what was noted for the filing. @throws as `weigh` */
  discard(viewer: Viewer, filing: ReplacingFiling): Promise<void>;
}

const BATCH = 1000;
const FORGOTTEN_AT_ONCE = 20_000;
const DEADLINE_MS = 60_000;

/** @param kindOfRow where a table holds several kinds of filing: the value of its column `kind` */
export function createReplacement<Own extends string>(table: RecordTable<Own>, kind: string, kindOfRow: string | null, pool: Pool, instants: Instants, today: () => string): Replacement {
  const target = `${table.schema}.${table.name}`;
  const feed = createFeed(table);
  const seen = `${table.schema}.filed_row`;
  const replacing = `${table.schema}.replacing_filing`;
  const missing = `
    from ${target} record
    where exists (select from ${replacing} filing where filing.filing_id = $2::uuid and filing.open and (filing.sector is null or filing.sector = record.sector))
      and record.source_unit = $1
      and record.superseded_at = 'infinity'
      and record.recorded_at <= $3::timestamptz
      and record.withdrawn_on is null
      and record.erased_at is null
      ${kindOfRow === null ? '' : 'and record.kind = $4'}
      and not exists (select from ${seen} seen where seen.filing_id = $2::uuid and seen.uscc = record.uscc and seen.record_id = record.record_id)`;
  const more = kindOfRow === null ? [] : [kindOfRow];
  const open = `
    insert into ${replacing} (filing_id, unit, kind, sector)
    values ($1::uuid, $2, $3, $4)
    on conflict (filing_id) do nothing`;
  const weigh = `
    select (select count(*)::int ${missing}) as missing,
           ${table.isGuarded ? `(select count(*)::int ${missing} and ${table.isGuarded('record')})` : '0'} as guarded,
           (select count(*)::int from ${seen} seen where seen.filing_id = $2::uuid and seen.stood) as kept`;
  const find = `
    select record.uscc, record.record_id, record.version, ${feed.stateOf('record')} as before
    ${missing}
    order by record.uscc, record.record_id
    limit ${BATCH}`;
  const ended = 'unnest($1::text[], $2::uuid[], $3::int[]) as ended(uscc, record_id, version)';
  // Rights are those of now on every version.
  const supersede = `
    update ${target} record
    set superseded_at = least(record.superseded_at, $4::timestamptz),
        ${keepOwnRights('record')},
        withdrawn_on = $5::date,
        withdrawal_reason = '${NOT_IN_REPLACEMENT}'
    from ${ended}
    where record.uscc = ended.uscc and record.record_id = ended.record_id`;
  const kept = [...stagedColumns(table).filter((column) => column !== 'withdrawn_on'), 'digest', 'collected_at', 'under_objection', 'withdrawn_on', 'withdrawal_reason'];
  const insert = `
    insert into ${target} (version, filing_id, recorded_at, ${kept.join(', ')})
    select record.version + 1, $5::uuid, $4::timestamptz, ${kept.map((column) => `record.${column}`).join(', ')}
    from ${ended}
    join ${target} record using (uscc, record_id, version)`;
  const count = `update ${replacing} set ended = ended + $2 where filing_id = $1::uuid`;
  const close = `update ${replacing} set open = false where filing_id = $1::uuid returning ended`;
  const forget = `
    delete from ${seen}
    where ctid = any (array(select seen.ctid from ${seen} seen where seen.filing_id = $1::uuid limit ${FORGOTTEN_AT_ONCE}))`;

  const check = (viewer: Viewer, { unit }: ReplacingFiling): void => {
    if (!mayReplace(viewer, unit)) throw clientError('UNAUTHORIZED_FIELD_OR_TYPE', 'Your organisation may not end the records of another unit.');
  };
  const run = <Result>(name: string, work: (client: Client) => Promise<Result>): Promise<Result> => transaction(pool, `${name} ${target}`, work, { deadlineMs: DEADLINE_MS });
  /** After it no row is noted for the filing any more: who notes one holds the clock (merge.ts). Gives how many it has ended. */
  const end = async ({ id }: ReplacingFiling): Promise<number> => {
    const { rows } = await run('close', async (client) => {
      await instants.stamp(client);
      return client.query<{ ended: number }>(close, [id]);
    });
    while ((await run('forget', (client) => client.query(forget, [id]))).rowCount === FORGOTTEN_AT_ONCE);
    return rows[0]?.ended ?? 0;
  };

  return {
    async weigh(viewer, filing) {
      check(viewer, filing);
      const at = await instants.seal();
      const found = await run('weigh', async (client) => {
        await client.query(open, [filing.id, filing.unit, kind, replacedSector(viewer)]);
        const { rows } = await client.query<{ missing: number; guarded: number; kept: number }>(weigh, [filing.unit, filing.id, at, ...more]);
        return rows[0] as { missing: number; guarded: number; kept: number }; // a select without from has one row
      });
      return { standing: found.kept + found.missing, missing: found.missing, guarded: found.guarded, at };
    },

    async apply(viewer, filing, at) {
      check(viewer, filing);
      const asked = [filing.unit, filing.id, at, ...more];
      const endBatch = async (client: Client): Promise<boolean> => {
        const { rowCount } = await client.query(find, asked);
        if (rowCount === 0) return false;
        // Looked for again under the clock: whoever writes versions holds it, so these are the current ones until the commit.
        const recordedAt = await instants.stamp(client);
        const { rows } = await client.query<{ uscc: string; record_id: string; version: number; before: string | null }>(find, asked);
        const keys = [rows.map(({ uscc }) => uscc), rows.map(({ record_id }) => record_id), rows.map(({ version }) => version)];
        await client.query(supersede, [...keys, recordedAt, today()]);
        await client.query(insert, [...keys, recordedAt, filing.id]);
        await client.query(count, [filing.id, rows.length]);
        const stamp = { recordedAt, filingId: filing.id };
        await feed.announce(client, stamp, rows.map(({ uscc, record_id, version, before }) => ({ uscc, recordId: record_id, version: version + 1, before })));
        await auditChange(client, viewer, { ...stamp, schema: table.schema, action: kind, rows: rows.length, details: { reason: NOT_IN_REPLACEMENT } });
        return true;
      };
      while (await run('replace', endBatch));
      return end(filing);
    },

    async discard(viewer, filing) {
      check(viewer, filing);
      await end(filing);
    },
  };
}
