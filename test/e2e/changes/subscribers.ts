import { setTimeout as pause } from 'node:timers/promises';
import { createCursorSealer } from '#kit/cursor.ts';
import { parseKeyRing } from '#kit/keys.ts';
import { followEvaluations, followNameLists } from '#client/changes.ts';
import { readFilter } from '#gateway/changes/filter.ts';
import { topic as evaluation } from '#subgraphs/evaluation/topic.ts';
import { topic as nameList } from '#subgraphs/namelist/topic.ts';
import { cursorScope, openPosition } from '#gateway/changes/position.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { askGateway, organisationOf } from '#test/support/graph.ts';
import { type Following, followBySse, followByWebSocket, type Message } from '#test/support/streams.ts';
import { followByApolloClient } from '#test/e2e/clients/apolloClient.ts';
import type { Following as Followed } from '#test/e2e/clients/changes.ts';
import { followByEventSource } from '#test/e2e/clients/eventSource.ts';
import { followByGraphqlSse } from '#test/e2e/clients/graphqlSse.ts';
import { followByGraphqlWs } from '#test/e2e/clients/graphqlWs.ts';
import type { Chance } from './chance.ts';
import type { Connection, FinalState, Receipt, SubscriberHistory } from './checker.ts';

// The readers of a history: frames, events and pages as they are on the network, by readers that crash and hop between
// gateways; and public clients, each as its recipe in docs/PROTOCOL.md says (test/e2e/clients), and our own (client/):
// those have one address and are left alone. What they deliver is one connection, in which no number may come twice.

/** By what a subscriber reads. */
export const kinds = [
  'websocket',
  'sse',
  'page',
  'client',
  'graphql-ws',
  'graphql-sse',
  'eventsource',
  'apollo',
] as const;
export type Kind = (typeof kinds)[number];

export interface SubscriberWorld {
  readonly urls: readonly string[];
  /** The cursor keys of the gateways, as they are configured. */
  readonly keys: string;
  /** A token of the national centre. */
  readonly centre: () => string;
}

export interface Subscriber {
  readonly kind: Kind;
  /** A stream without a cursor begins at the end: everybody begins before anything is written, by a page. */
  begin(): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
  hasAll(final: FinalState): boolean;
  history(): SubscriberHistory;
}

const SELECTION = {
  nameListChanges: `__typename
    ... on NameListChange { id cursor kind recordId version subject { uscc } entry { grounds } }
    ... on Checkpoint { cursor lagSeconds } ... on CursorExpired { oldest message }`,
  evaluationChanges: `__typename
    ... on EvaluationChange { id cursor kind recordId version subject { uscc } evaluation { score } }
    ... on Checkpoint { cursor lagSeconds } ... on CursorExpired { oldest message }`,
};
type Field = keyof typeof SELECTION;
/** For the client, which asks for `__typename`, `id` and `cursor` by itself. */
const FIELDS: Record<Field, string> = {
  nameListChanges: 'kind recordId version subject { uscc } entry { grounds }',
  evaluationChanges: 'kind recordId version subject { uscc } evaluation { score }',
};

interface Delivered {
  readonly __typename: string;
  readonly id: string;
  readonly cursor: string;
  readonly version: number;
  readonly subject: { readonly uscc: string };
  readonly entry?: { readonly grounds: string | null } | null;
  readonly evaluation?: { readonly score: number | null } | null;
}

export const subjectKey = (isOfEvaluations: boolean, uscc: string): string => `${isOfEvaluations ? 'E' : 'L'} ${uscc}`;
/** A score as a token. */
export const formatScore = (score: number): string => score.toFixed(2);
const provinceOf = (uscc: string): string => uscc.slice(2, 4);

/**
 * A Checkpoint comes every ten seconds, and the pause between two attempts is at most 30: a reader that is silent for
 * longer was lost.
 */
const STALL_MS = 5000;

export function createSubscriber(world: SubscriberWorld, index: number, chance: Chance): Subscriber {
  const kind = kinds[index % kinds.length] as Kind;
  // An EventSource sends no token: it follows as the public.
  const field: Field = index % 5 === 4 && kind !== 'eventsource' ? 'evaluationChanges' : 'nameListChanges';
  const province = index % 4 === 1 ? '33' : index % 4 === 2 ? '44' : null;
  const filter = province === null ? {} : { provinces: [province] };
  const isOfEvaluations = field === 'evaluationChanges';
  const token = (): string | null => (isOfEvaluations ? world.centre() : null);
  const viewer: Viewer = isOfEvaluations
    ? createViewer({
        role: 'NATIONAL_CENTRE',
        organisation: organisationOf('NATIONAL_CENTRE').organisation,
        province: null,
        sector: null,
        purposes: [],
        purpose: 'SUPERVISION',
        tokenId: null,
      })
    : publicViewer;
  const scope = cursorScope(viewer, readFilter(isOfEvaluations ? evaluation : nameList, filter));
  const sealer = createCursorSealer(parseKeyRing(world.keys));
  const seqOf = (cursor: string): bigint => openPosition(sealer, scope, cursor).seq;
  const isEligible = (subject: string): boolean =>
    subject.startsWith(isOfEvaluations ? 'E ' : 'L ') &&
    (province === null || provinceOf(subject.slice(2)) === province);
  const reader: Reader = {
    world,
    chance,
    kind,
    field,
    filterType: `${isOfEvaluations ? 'Evaluation' : 'NameList'}ChangeFilter`,
    filter,
    isOfEvaluations,
    token,
    seqOf,
    connections: [],
    known: new Map(),
    acknowledged: null,
  };
  const isRaw = kind === 'page' || kind === 'websocket' || kind === 'sse';

  return {
    kind,
    async begin() {
      const query = `query ($filter: ${reader.filterType}!) {
        ${field}(filter: $filter, first: 1) { endCursor events { __typename } }
      }`;
      const { body, text } = await askGateway(
        world.urls[0] as string,
        reader.token(),
        query,
        { filter },
        'SUPERVISION',
      );
      const page = body.data?.[field] as { endCursor: string; events: unknown[] } | null | undefined;
      if (page?.events.length !== 0) throw new Error(`the log is not empty: ${text}`);
      reader.acknowledged = page.endCursor;
    },
    async run(signal) {
      if (!isRaw) return runOnce(reader, signal);
      while (!signal.aborted) {
        await runOnce(reader, signal).catch(() => {});
        if (!signal.aborted) await pause(chance.between(10, 300));
      }
    },
    hasAll: ({ records }) =>
      [...records].every(([subject, { version }]) => !isEligible(subject) || reader.known.get(subject) === version),
    history: () => ({
      name: `${index} ${kind} ${field} ${province ?? 'all'}`,
      isEligible,
      connections: reader.connections as readonly Connection[],
    }),
  };
}

/** One subscriber: what it follows, how far it is, and what it has received. */
interface Reader {
  readonly world: SubscriberWorld;
  readonly chance: Chance;
  readonly kind: Kind;
  readonly field: Field;
  readonly filterType: string;
  readonly filter: object;
  /** Whether it follows evaluations, as the national centre; otherwise name lists, as the public. */
  readonly isOfEvaluations: boolean;
  readonly token: () => string | null;
  /** The number in the log, out of a cursor. */
  readonly seqOf: (cursor: string) => bigint;
  readonly connections: { instance: string; transport: string; from: bigint | null; receipts: Receipt[] }[];
  /** The newest version of each subject. */
  readonly known: Map<string, number>;
  /** The last acknowledged position; null before `begin`. */
  acknowledged: string | null;
}

const streamOf = ({ field, filterType }: Reader): string =>
  `subscription ($filter: ${filterType}!, $after: Cursor) {
    ${field}(filter: $filter, after: $after) { ${SELECTION[field]} }
  }`;

/** Begins the receipts of one more connection. */
function connect(reader: Reader, instance: string): Receipt[] {
  const receipts: Receipt[] = [];
  reader.connections.push({
    instance,
    transport: reader.kind,
    from: reader.acknowledged === null ? null : reader.seqOf(reader.acknowledged),
    receipts,
  });
  return receipts;
}

/** Notes what was received; most of it is acknowledged at once. */
function take(reader: Reader, receipts: Receipt[], delivered: Delivered): void {
  if (delivered.__typename === 'Checkpoint') {
    reader.acknowledged = delivered.cursor;
    return;
  }
  if (delivered.__typename === 'CursorExpired') throw new Error('nothing is purged in a history');
  const subject = subjectKey(reader.isOfEvaluations, delivered.subject.uscc);
  const score = delivered.evaluation?.score ?? null;
  receipts.push({
    eventId: delivered.id,
    subject,
    version: delivered.version,
    token: reader.isOfEvaluations ? (score === null ? null : formatScore(score)) : (delivered.entry?.grounds ?? null),
    seq: reader.seqOf(delivered.cursor),
  });
  reader.known.set(subject, Math.max(delivered.version, reader.known.get(subject) ?? 0));
  // What is received is not acknowledged at once: after a crash some of it comes again.
  if (reader.chance.next() < 0.8) reader.acknowledged = delivered.cursor;
}

async function readPages(reader: Reader, url: string, signal: AbortSignal): Promise<void> {
  const receipts = connect(reader, url);
  const query = `query ($filter: ${reader.filterType}!, $after: Cursor) {
    ${reader.field}(filter: $filter, first: ${1 + reader.chance.below(50)}, after: $after) {
      endCursor hasMore events { ${SELECTION[reader.field]} }
    }
  }`;
  for (let after = reader.acknowledged; !signal.aborted;) {
    const { body } = await askGateway(url, reader.token(), query, { filter: reader.filter, after }, 'SUPERVISION');
    const page = body.data?.[reader.field] as
      { events: Delivered[] | null; endCursor: string; hasMore: boolean } | null | undefined;
    if (!page?.events) return;
    for (const delivered of page.events) take(reader, receipts, delivered);
    after = reader.acknowledged = page.endCursor;
    if (!page.hasMore) await pause(reader.chance.between(20, 200), undefined, { signal });
    if (reader.chance.next() < 0.02) return;
  }
}

async function readStream(
  reader: Reader,
  open: typeof followByWebSocket,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const receipts = connect(reader, url);
  await using stream: Following = await withDeadline(
    open(url, reader.token(), streamOf(reader), { variables: { filter: reader.filter, after: reader.acknowledged } }),
    STALL_MS,
  );
  const stop = (): void => void stream[Symbol.asyncDispose]();
  signal.addEventListener('abort', stop, { once: true });
  // Sometimes it crashes by itself.
  const lives = reader.chance.next() < 0.5 ? reader.chance.between(500, 8000) : Number.POSITIVE_INFINITY;
  const until = performance.now() + lives;
  try {
    while (!signal.aborted && performance.now() < until) {
      const message: Message = await stream.next();
      const delivered = message.data?.[reader.field] as Delivered | null | undefined;
      if (!delivered) throw new Error(JSON.stringify(message));
      take(reader, receipts, delivered);
    }
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Left alone until the end: by its recipe it comes back by itself. It has failed when it ends. */
async function followBy(
  reader: Reader,
  follow: (following: Followed) => () => void,
  url: string,
  signal: AbortSignal,
): Promise<void> {
  const receipts = connect(reader, url);
  const over = Promise.withResolvers<void>();
  const stop = follow({
    url: `${url}/graphql`,
    token: reader.token,
    query: streamOf(reader),
    variables: { filter: reader.filter, after: reader.acknowledged },
    apply(message) {
      const delivered = (message.data as Record<string, Delivered | null> | null | undefined)?.[reader.field];
      if (delivered) take(reader, receipts, delivered);
    },
    ended: (error) =>
      over.reject(new Error(`it ended: ${String((error as Error | null)?.message ?? JSON.stringify(error))}`)),
  });
  signal.addEventListener('abort', () => over.resolve(), { once: true });
  try {
    await over.promise;
  } finally {
    stop();
  }
}

async function followByClient(reader: Reader, url: string, signal: AbortSignal): Promise<void> {
  const receipts = connect(reader, url);
  const options = {
    url,
    token: reader.token,
    filter: reader.filter as never,
    from: reader.acknowledged,
    fields: FIELDS[reader.field],
    signal,
    ...(reader.isOfEvaluations ? { purpose: 'SUPERVISION' } : null),
  };
  for await (const { change } of reader.isOfEvaluations
    ? followEvaluations<Delivered>(options)
    : followNameLists<Delivered>(options))
    take(reader, receipts, change);
}

const recipes = {
  'graphql-ws': followByGraphqlWs,
  'graphql-sse': followByGraphqlSse,
  eventsource: followByEventSource,
  apollo: followByApolloClient,
} as const;

/** Follows once, from a gateway by chance, until it ends or is stopped. */
function runOnce(reader: Reader, signal: AbortSignal): Promise<void> {
  const url = reader.world.urls[reader.chance.below(reader.world.urls.length)] as string;
  switch (reader.kind) {
    case 'page':
      return readPages(reader, url, signal);
    case 'websocket':
      return readStream(reader, followByWebSocket, url, signal);
    case 'sse':
      return readStream(reader, followBySse, url, signal);
    case 'client':
      return followByClient(reader, url, signal);
    default:
      return followBy(reader, recipes[reader.kind], url, signal);
  }
}

export function withDeadline<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  return Promise.race([
    promise,
    pause(ms, undefined, { ref: false }).then(() => Promise.reject(new Error('not in time'))),
  ]);
}
