import { setTimeout as pause } from 'node:timers/promises';
import type { CursorSealer } from '#kit/cursor.ts';
import { type Pool, query, statement } from '#kit/postgres/pool.ts';
import { isGivenInLists } from '#policy/bulk.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Head } from '#records/heads.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { listenerOf, wasInSight } from '#gateway/changes/delivery.ts';
import { eventOf } from '#gateway/changes/events.ts';
import { type ChangeFilter, storedFilter } from '#gateway/changes/filter.ts';
import { Gone } from '#gateway/changes/gate.ts';
import { atHead, cursorScope, sealPosition } from '#gateway/changes/position.ts';
import { type Audience, createRenderer, withCursor } from '#gateway/changes/render.ts';
import { eventQueryOf } from '#gateway/changes/selection.ts';
import type { KeptTopic, Topics } from '#gateway/changes/topics.ts';
import type { Change, ChangeLog } from '#gateway/feed/log.ts';
import type { Documents } from '#gateway/graph/documents.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import type { Source } from '#gateway/graph/sources.ts';
import { documentOf } from './fields.ts';
import { keeper } from './keeper.ts';

// Snapshots that go together with the log (docs/PROTOCOL.md P15). A record is read as it was recorded by an instant, so
// a part is made at each request, by the rights at that time; only its bounds, its size and its digest are stored. The
// changes after the cursor must be able to remove every record of a part: they deliver `REMOVED` for records that were
// visible at the cursor. So a record that has become visible since is left to the changes, which deliver it.

/** Records of one part, which are rendered by one planned operation. */
const PART_ROWS = 10_000;
const MAX_RENDERED_AT_ONCE = 500;
/** Codes of a watchlist requested at once. */
const CODES_AT_ONCE = 500;
const NUMBERED_EVERY_MS = 20;

/** A position in a snapshot: after this record. */
export interface RecordKey {
  readonly uscc: string;
  readonly recordId: string;
}
export const EARLIEST: RecordKey = { uscc: '', recordId: '00000000-0000-0000-0000-000000000000' };

/** The content of an export; written only by the control subgraph. */
export interface ExportContent {
  readonly id: string;
  readonly organisation: string;
  readonly role: string;
  /** From the grant with which it was made. */
  readonly province: string | null;
  readonly sector: string | null;
  readonly purpose: string | null;
  /** Its name. */
  readonly topic: string;
  readonly filter: unknown;
  readonly selection: string;
  readonly knownAt: string;
  /** The head of the log when it was made. */
  readonly position: string;
}

/** Records in order, as lines of JSON in UTF-8. */
export interface ExportPart {
  /** The last record of it. */
  readonly to: RecordKey;
  readonly rows: number;
  readonly bytes: Buffer;
}

/** Which part of an export is made, for whom, and until when. */
export interface PartRequest {
  readonly content: ExportContent;
  readonly viewer: Viewer;
  readonly from: RecordKey;
  /** The last record of the part; null: as many records as a part has. */
  readonly to: RecordKey | null;
  /** Whether nobody waits for the part any more. */
  readonly isOver: () => boolean;
}

export interface ExportReader {
  /**
   * Makes the part after a position. One row a line, `{ "change": … }` with `errors` where a field was refused; it
   * waits for what is not answered. Null: there is nothing after that position.
   * @throws SubgraphUnavailable while the source is down
   * @throws Gone when it is over
   */
  part(request: PartRequest): Promise<ExportPart | null>;
}

export interface ExportReaderParts {
  readonly graph: Graph;
  readonly documents: Documents;
  readonly topics: Topics;
  readonly sources: readonly Source[];
  readonly cursors: CursorSealer;
  readonly pool: Pool;
  readonly log: ChangeLog;
  readonly now: () => Date;
}

export const createExportReader = (parts: ExportReaderParts): ExportReader => ({
  part: (request) => makePart(parts, request),
});

async function makePart(parts: ExportReaderParts, request: PartRequest): Promise<ExportPart | null> {
  const { content, viewer, from, to } = request;
  const filter = storedFilter(parts.topics.named(content.topic), content.filter);
  const renderLines = lineRenderer(parts, request, filter);
  const lines: string[] = [];
  let taken = 0;
  let last: RecordKey | null = null;
  for await (const heads of headsAfter(parts, content, filter, viewer, from)) {
    const mine = heads.filter((head) => isUpTo(to, head)).slice(0, PART_ROWS - taken);
    const visible = mine.length === 0 ? [] : await visibleAtCursor(parts, request, filter, mine);
    lines.push(...(await renderLines(visible)));
    taken += mine.length;
    const end = mine.at(-1);
    if (end) last = { uscc: end.uscc, recordId: end.recordId };
    if (taken >= PART_ROWS || mine.length < heads.length) break;
  }
  return last && { to: last, rows: lines.length, bytes: Buffer.from(lines.join('')) };
}

const isUpTo = (to: RecordKey | null, { uscc, recordId }: Head): boolean =>
  to === null || uscc < to.uscc || (uscc === to.uscc && recordId <= to.recordId);

// --- which records ------------------------------------------------------------------------------------------------

const watchedAfter = statement(
  'gateway.watchlist_item.page',
  `select item.uscc
   from gateway.watchlist_item item
   where item.watchlist = $1::uuid
     and item.uscc >= $2
   order by item.uscc
   limit $3`,
);

/** The heads that the viewer may see now, in order, after a position. */
async function* headsAfter(
  { topics, sources, pool }: ExportReaderParts,
  { topic, knownAt }: ExportContent,
  filter: ChangeFilter,
  viewer: Viewer,
  from: RecordKey,
): AsyncGenerator<Head[]> {
  const source = keeper(sources, topics.named(topic));
  const { types, categories, provinces, sectors, watchlist } = filter;
  for (let codesFrom = from.uscc, after = from; ;) {
    const codes =
      watchlist === null
        ? null
        : (await query<{ uscc: string }>(pool, watchedAfter, [watchlist, codesFrom, CODES_AT_ONCE])).map(
            ({ uscc }) => uscc,
          );
    if (codes?.length === 0) return;
    for (;;) {
      const heads = await source.heads(viewer, topic, {
        codes,
        types,
        categories,
        provinces,
        sectors,
        knownAt,
        validAt: null,
        after: after.uscc === '' ? null : after,
        limit: MAX_RENDERED_AT_ONCE,
      });
      const last = heads.at(-1);
      if (last) yield heads.filter(({ uscc }) => isGivenInLists(viewer, uscc));
      if (heads.length < MAX_RENDERED_AT_ONCE || !last) break;
      after = { uscc: last.uscc, recordId: last.recordId };
    }
    if (codes === null || codes.length < CODES_AT_ONCE) return;
    codesFrom = `${codes.at(-1)}!`; // after the last one, before the next
  }
}

/**
 * The heads that were also visible to the viewer at the cursor. Waits until every change that made them visible has
 * its number.
 */
async function visibleAtCursor(
  { topics, sources, log, now }: ExportReaderParts,
  { content, viewer, isOver }: PartRequest,
  filter: ChangeFilter,
  heads: readonly Head[],
): Promise<Head[]> {
  const { sealed } = await keeper(sources, topics.named(content.topic)).status();
  for (
    let waiting = await log.oldestWaiting();
    waiting !== null && waiting <= sealed;
    waiting = await log.oldestWaiting()
  ) {
    if (isOver()) throw new Gone();
    await wait(NUMBERED_EVERY_MS);
  }
  const position = BigInt(content.position);
  const since = await log.firstAfter(heads.map(({ uscc, recordId }) => ({ uscc, record_id: recordId, seq: position })));
  const listener = {
    ...listenerOf(viewer, filter, shanghaiDay(now())),
    consents: await log.consents(
      viewer,
      since.filter((change) => change !== null),
    ),
  };
  return heads.filter((_, index) => {
    const change = since[index];
    return !change || wasInSight(listener, change.before);
  });
}

const wait = (ms: number): Promise<void> => pause(ms, undefined, { ref: false });

// --- their lines --------------------------------------------------------------------------------------------------

/** Renders records as the lines of a part; records that have gone from their source have none. */
function lineRenderer(
  { graph, documents, topics, cursors }: ExportReaderParts,
  { content, viewer, isOver }: PartRequest,
  filter: ChangeFilter,
): (heads: readonly Head[]) => Promise<string[]> {
  const audience = audienceOf(documents, topics.named(content.topic), content, viewer);
  const cursor = sealPosition(cursors, cursorScope(viewer, filter), atHead(BigInt(content.position)));
  const renderer = createRenderer({ graph, topics, audience, pause: wait, patienceMs: Infinity });
  return async (heads) => {
    const lines: string[] = [];
    const events = heads.map((head) =>
      eventOf(
        topics,
        { change: changeOf(content.topic, head), kind: 'PRESENT', entered: false, reason: null },
        () => cursor,
      ),
    );
    while (events.length > 0) {
      const rendered = await renderer.render(events, isOver);
      for (const each of rendered) if (each) lines.push(lineOf(audience.query.key, withCursor(each, cursor)));
      events.splice(0, rendered.length);
    }
    return lines;
  };
}

function audienceOf(documents: Documents, topic: KeptTopic, { selection }: ExportContent, viewer: Viewer): Audience {
  const read = documents(documentOf(topic, selection), undefined);
  const eventQuery = 'errors' in read ? null : eventQueryOf(read.document, read.operation, undefined);
  if (!eventQuery) throw new Error('the selection of an export was valid when it was made');
  return { query: eventQuery, operationName: undefined, variables: {}, viewer, mode: 'filter' };
}

function lineOf(key: string, text: string): string {
  const { data, errors } = JSON.parse(text) as { data: Record<string, unknown> | null; errors?: unknown };
  if (data === null) throw new Error(`the rows of an export were refused: ${JSON.stringify(errors)}`);
  return `${JSON.stringify({ change: data[key], ...(errors ? { errors } : null) })}\n`;
}

const changeOf = (topic: string, { recordId, recordedAt, version, basis, ...facets }: Head): Change => ({
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
