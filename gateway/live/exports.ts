import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import type { CursorSealer } from '#kit/cursor.ts';
import type { Head } from '#kit/heads.ts';
import type { Log } from '#kit/log.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { may } from '#policy/actions.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import { createViewer, isRole, type Viewer } from '#policy/viewer.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { GrantBook } from '../auth.ts';
import type { Documents } from '../documents.ts';
import { Gone } from '../changes/gate.ts';
import { type Audience, createRenderer, withCursor } from '../changes/render.ts';
import type { Graph } from '../graph.ts';
import { SubgraphUnavailable } from '../plan/transport.ts';
import type { Source } from '../sources.ts';
import { eventOf } from './events.ts';
import type { ChangeFilter } from './filter.ts';
import type { Change, ChangeLog, Topic } from './log.ts';
import { filterIn } from './notice.ts';
import { atEnd, cursorScope, sealPlace } from './place.ts';
import { createRepeated, type Repeated } from './repeated.ts';
import { eventQueryOf } from './selection.ts';
import { listenerOf, wasInSight } from './tell.ts';

// Snapshots that go together with the log (docs/PROTOCOL.md P15). A record is as it was recorded by an instant, so a part is made whenever it
// is asked for, by the rights of then; what is kept is where it begins and ends, how large it was, and its digest.
//
// What a part shows, the changes after the cursor must be able to take away: they tell `REMOVED` of what was in sight at the cursor. So a
// record that came into sight since is left to them, who tell it.

/** Records of one part, and told by one planned operation. */
const PART_ROWS = 10_000;
const TOLD_AT_ONCE = 500;
/** Codes of a watchlist asked for at once. */
const CODES_AT_ONCE = 500;
const LEASE_MS = 60_000;
const EVERY_MS = 2000;
const NUMBERED_EVERY_MS = 20;
/** One that could not be made for so long has failed. */
const GIVEN_UP_HOURS = 24;

/** Which subgraph keeps the records of a topic. */
const keeperOf: Readonly<Record<Topic, string>> = { NAME_LIST: 'namelist', EVALUATION: 'evaluation' };

/** The source that keeps the records of a topic. */
export function keeper(sources: readonly Source[], topic: Topic): Source {
  const source = sources.find(({ name }) => name === keeperOf[topic]);
  if (!source) throw new SubgraphUnavailable(`nobody keeps ${topic}`);
  return source;
}

/** A place in a snapshot: after this record. */
export interface RecordKey {
  readonly uscc: string;
  readonly recordId: string;
}
export const BEGINNING: RecordKey = { uscc: '', recordId: '00000000-0000-0000-0000-000000000000' };

/** What an export is of; written by the desk alone. */
export interface ExportOf {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  /** The grant's, with which it was made. */
  readonly province: string | null;
  readonly sector: string | null;
  readonly purpose: string | null;
  readonly topic: Topic;
  readonly filter: unknown;
  readonly selection: string;
  readonly knownAt: string;
  /** The end of the log when it was made. */
  readonly position: string;
}

interface Part {
  readonly to: RecordKey;
  readonly rows: number;
  readonly bytes: Buffer;
}

export interface ExportParts {
  readonly graph: Graph;
  readonly documents: Documents;
  readonly sources: readonly Source[];
  readonly cursors: CursorSealer;
  readonly pool: Pool;
  readonly log: ChangeLog;
  readonly now: () => Date;
}

const watchedAfter = statement(
  'gateway.watchlist_item.page',
  `select item.uscc
   from gateway.watchlist_item item
   where item.watchlist = $1::uuid
     and item.uscc >= $2
   order by item.uscc
   limit $3`,
);

const fieldOf: Readonly<Record<Topic, readonly [field: string, type: string]>> = { NAME_LIST: ['nameListChanges', 'NameListChange'], EVALUATION: ['evaluationChanges', 'EvaluationChange'] };

/** The operation whose events are the rows. */
export const documentOf = (topic: Topic, selection: string): string => `subscription { ${fieldOf[topic][0]}(filter: {}) { ... on ${fieldOf[topic][1]} ${selection} } }`;

export function createExportReader({ graph, documents, sources, cursors, pool, log, now }: ExportParts) {
  const wait = (ms: number): Promise<void> => pause(ms, undefined, { ref: false });

  const audienceOf = ({ topic, selection }: Pick<ExportOf, 'topic' | 'selection'>, viewer: Viewer): Audience => {
    const read = documents(documentOf(topic, selection), undefined);
    const made = 'errors' in read ? null : eventQueryOf(read.document, read.operation, undefined);
    if (!made) throw new Error('the selection of an export was valid when it was made');
    return { query: made, operationName: undefined, variables: {}, viewer, mode: 'filter' };
  };

  /** Those of the heads that were in the viewer's sight at the cursor as well. Waits until every change by which they came into sight has its number. */
  const inSightAt = async (position: bigint, filter: ChangeFilter, viewer: Viewer, heads: readonly Head[], source: Source, isOver: () => boolean): Promise<Head[]> => {
    const { sealed } = await source.status();
    for (let waiting = await log.oldestWaiting(); waiting !== null && waiting <= sealed; waiting = await log.oldestWaiting()) {
      if (isOver()) throw new Gone();
      await wait(NUMBERED_EVERY_MS);
    }
    const since = await log.firstAfter(heads.map(({ uscc, recordId }) => ({ uscc, record_id: recordId, seq: position })));
    const listener = { ...listenerOf(viewer, filter, shanghaiDay(now())), consents: await log.consents(viewer, since.filter((change) => change !== null)) };
    return heads.filter((_, index) => {
      const change = since[index];
      return !change || wasInSight(listener, change.before);
    });
  };

  /** The heads that the viewer may see now, in order, after a place. */
  async function* headsOf({ topic, knownAt }: ExportOf, filter: ChangeFilter, viewer: Viewer, from: RecordKey): AsyncGenerator<Head[]> {
    const source = keeper(sources, topic);
    const { types, categories, provinces, sectors, watchlist } = filter;
    for (let codesFrom = from.uscc, after = from; ; ) {
      const codes = watchlist === null ? null : (await query<{ uscc: string }>(pool, watchedAfter, [watchlist, codesFrom, CODES_AT_ONCE])).map(({ uscc }) => uscc);
      if (codes?.length === 0) return;
      for (;;) {
        const heads = await source.heads(viewer, topic, { codes, types, categories, provinces, sectors, knownAt, validAt: null, after: after.uscc === '' ? null : after, limit: TOLD_AT_ONCE });
        const last = heads.at(-1);
        if (last) yield heads.filter(({ uscc }) => isGivenInLists(viewer, uscc));
        if (heads.length < TOLD_AT_ONCE || !last) break;
        after = { uscc: last.uscc, recordId: last.recordId };
      }
      if (codes === null || codes.length < CODES_AT_ONCE) return;
      codesFrom = `${codes.at(-1)}!`; // after the last one, before the next
    }
  }

  return {
    audienceOf,

    /**
     * Makes the part after a place: up to `to`, or as long as a part is. One row a line, `{ "change": … }` with `errors` where a field was
     * refused; it waits for what is not answered. Null: there is nothing after that place.
     * @throws SubgraphUnavailable while the source is down
     * @throws Gone when it is over
     */
    async part(made: ExportOf, viewer: Viewer, from: RecordKey, to: RecordKey | null, isOver: () => boolean): Promise<Part | null> {
      const filter = filterIn(made.topic, made.filter);
      const audience = audienceOf(made, viewer);
      const cursor = sealPlace(cursors, cursorScope(viewer, filter), atEnd(BigInt(made.position)));
      const renderer = createRenderer({ graph, audience, pause: wait, patienceMs: Infinity });
      const lines: string[] = [];
      let taken = 0;
      let last: RecordKey | null = null;
      const isBefore = (head: Head): boolean => to === null || head.uscc < to.uscc || (head.uscc === to.uscc && head.recordId <= to.recordId);
      for await (const heads of headsOf(made, filter, viewer, from)) {
        const mine = heads.filter(isBefore).slice(0, PART_ROWS - taken);
        const shown = mine.length === 0 ? [] : await inSightAt(BigInt(made.position), filter, viewer, mine, keeper(sources, made.topic), isOver);
        const events = shown.map((head) => eventOf({ change: changeOf(made.topic, head), kind: 'PRESENT', entered: false, reason: null }, () => cursor));
        while (events.length > 0) {
          const rendered = await renderer.render(events, isOver);
          for (const each of rendered) if (each) lines.push(lineOf(audience.query.key, withCursor(each, cursor)));
          events.splice(0, rendered.length);
        }
        taken += mine.length;
        const end = mine.at(-1);
        if (end) last = { uscc: end.uscc, recordId: end.recordId };
        if (taken >= PART_ROWS || mine.length < heads.length) break;
      }
      return last && { to: last, rows: lines.length, bytes: Buffer.from(lines.join('')) };
    },
  };
}

/** Why a viewer cannot have these fields of a topic's changes, in the validator's words or the policy's; null: it can. A field that would be null in each row is none. */
export async function fieldsProblem({ graph, documents }: Pick<ExportParts, 'graph' | 'documents'>, topic: Topic, selection: string, viewer: Viewer): Promise<string | null> {
  try {
    const read = documents(documentOf(topic, selection), undefined);
    if ('errors' in read) return read.errors.map(({ message }) => message).join(' ');
    const made = eventQueryOf(read.document, read.operation, undefined);
    if (!made) return 'There is no field in it.';
    const { errors } = await graph.run({ document: made.document, operation: made.operation, operationName: undefined, variables: {}, viewer, mode: 'filter', events: [] });
    return errors && errors.length > 0 ? errors.map(fieldProblem).join(' ') : null;
  } catch (error) {
    // The limits refuse what is too large.
    if (error instanceof GraphQLError) return error.message;
    throw error;
  }
}

/** With the field that it is about, where it is about one. */
function fieldProblem({ message, path = [] }: GraphQLError): string {
  const field = path.filter((step) => step !== '@').slice(2).join('.');
  return field === '' ? message : `${field}: ${message}`;
}

export type ExportReader = ReturnType<typeof createExportReader>;

function lineOf(key: string, text: string): string {
  const { data, errors } = JSON.parse(text) as { data: Record<string, unknown> | null; errors?: unknown };
  if (data === null) throw new Error(`the rows of an export were refused: ${JSON.stringify(errors)}`);
  return `${JSON.stringify({ change: data[key], ...(errors ? { errors } : null) })}\n`;
}

const changeOf = (topic: Topic, { recordId, recordedAt, version, basis, ...facets }: Head): Change => ({
  ...facets,
  seq: 0n,
  topic,
  kind: 'PRESENT',
  reason: null,
  record_id: recordId,
  version,
  recorded_at: recordedAt,
  before: null,
  basis: basis as Change['basis'],
  watchlist: null,
});

/** Who an export is made for; null when it has no such grant any more. */
export async function ownerOf(grants: Pick<GrantBook, 'scopes'>, { organisation, role, province, sector, purpose }: Pick<ExportOf, 'organisation' | 'role' | 'province' | 'sector' | 'purpose'>): Promise<Viewer | null> {
  if (!isRole(role)) return null;
  const scope = (await grants.scopes(organisation, role)).find((each) => each.province === province && each.sector === sector);
  if (!scope) return null;
  const viewer = createViewer({ role, organisation, ...scope, purposes: purpose === null ? [] : [purpose], purpose, tokenId: null });
  return may(viewer, 'changes:follow') ? viewer : null;
}

const columns = 'export.id, export.organisation, export.role, export.province, export.sector, export.purpose, export.topic, export.filter, export.selection, export.known_at as "knownAt", export.position';
const lease = statement(
  'gateway.export.lease',
  `update gateway.export
   set status = case when export.status = 'CREATED' then 'RUNNING' else export.status end, leased_until = now() + $1::int * interval '1 millisecond'
   from (
     select due.id
     from gateway.export due
     where due.status in ('CREATED', 'RUNNING', 'CANCELLING')
       and due.expires_at > now()
       and (due.leased_until is null or due.leased_until <= now())
     order by due.created_at, due.id
     limit 1
     for update skip locked
   ) chosen
   where export.id = chosen.id
   returning ${columns}, export.status, export.leased_until as "leasedUntil", export.created_at < now() - interval '${GIVEN_UP_HOURS} hours' as "isGivenUp"`,
);
const renew = statement('gateway.export.renew', `update gateway.export set leased_until = now() + $3::int * interval '1 millisecond' where export.id = $1 and export.leased_until = $2::timestamptz returning export.status, export.leased_until as "leasedUntil"`);
const finish = statement('gateway.export.finish', `update gateway.export set status = $3, failure = $4, leased_until = null where export.id = $1 and export.leased_until = $2::timestamptz`);
const release = statement('gateway.export.release', `update gateway.export set leased_until = now() + $3::int * interval '1 millisecond' where export.id = $1 and export.leased_until = $2::timestamptz`);
const lastPart = statement('gateway.export_part.last', `select part.number, part.to_uscc as uscc, part.to_record as "recordId" from gateway.export_part part where part.export = $1 order by part.number desc limit 1`);
const addPart = statement(
  'gateway.export_part.add',
  `with counted as (
     update gateway.export set row_count = export.row_count + $8 where export.id = $1 and export.leased_until = $2::timestamptz returning export.id
   )
   insert into gateway.export_part (export, number, after_uscc, after_record, to_uscc, to_record, row_count, bytes, digest)
   select counted.id, $3::int, $4, $5::uuid, $6, $7::uuid, $8, $9::bigint, decode($10, 'hex')
   from counted
   returning number`,
);

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

interface LeasedExport extends ExportOf {
  readonly status: string;
  readonly leasedUntil: string;
  readonly isGivenUp: boolean;
}

/** Makes exports, part by part. Any gateway goes on where another one was killed. */
export function createExportWorker({ pool, reader, grants, log }: { readonly pool: Pool; readonly reader: ExportReader; readonly grants: Pick<GrantBook, 'scopes'>; readonly log: Log }): Repeated {
  /** @returns whether there was one */
  const step = async (closing: AbortSignal): Promise<boolean> => {
    const [leased] = await query<LeasedExport>(pool, lease, [LEASE_MS]);
    if (!leased) return false;
    const { id } = leased;
    let { leasedUntil, status } = leased;
    const end = async (as: string, failure: string | null = null): Promise<true> => {
      await query(pool, finish, [id, leasedUntil, as, failure]);
      return true;
    };
    if (leased.isGivenUp && status !== 'CANCELLING') return end('FAILED', `It could not be made within ${GIVEN_UP_HOURS} hours.`);
    const viewer = await ownerOf(grants, leased);
    if (!viewer) return end('FAILED', 'The organisation no longer has the grant that it was made with.');
    let [last] = await query<RecordKey & { number: number }>(pool, lastPart, [id]);
    while (!closing.aborted) {
      if (status === 'CANCELLING') return end('CANCELLED');
      const from = last ?? { ...BEGINNING, number: 0 };
      // Within its lease: while a source is down, others are not kept waiting.
      const until = performance.now() + LEASE_MS;
      const part = await reader.part(leased, viewer, from, null, () => closing.aborted || performance.now() > until);
      if (!part) return end('COMPLETED');
      const [added] = await query(pool, addPart, [id, leasedUntil, from.number + 1, from.uscc, from.recordId, part.to.uscc, part.to.recordId, part.rows, String(part.bytes.length), digestOf(part.bytes)]);
      if (!added) return true; // another gateway has it now
      last = { ...part.to, number: from.number + 1 };
      const [renewed] = await query<{ status: string; leasedUntil: string }>(pool, renew, [id, leasedUntil, LEASE_MS]);
      if (!renewed) return true;
      ({ leasedUntil, status } = renewed);
    }
    await query(pool, release, [id, leasedUntil, 0]);
    return true;
  };

  // After a failure its lease ends, and then it goes on.
  return createRepeated({ step, failed: (error) => log.warn({ err: error }, 'an export could not be made; it goes on later'), everyMs: EVERY_MS });
}
