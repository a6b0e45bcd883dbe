import { setTimeout as pause } from 'node:timers/promises';
import { createCursorSealer } from '#kit/cursor.ts';
import { parseKeyRing } from '#kit/keys.ts';
import { followEvaluations, followNameLists } from '#client/changes.ts';
import { readFilter } from '#gateway/live/filter.ts';
import { cursorScope, openPlace } from '#gateway/live/place.ts';
import { createViewer, publicViewer, type Viewer } from '#policy/viewer.ts';
import { askGateway, organisationOf } from '#test/support/graph.ts';
import { type Following, followBySse, followByWebSocket, type Message } from '#test/support/streams.ts';
import { followByApolloClient } from '../clients/apolloClient.ts';
import type { Following as Followed } from '../clients/changes.ts';
import { followByEventSource } from '../clients/eventSource.ts';
import { followByGraphqlSse } from '../clients/graphqlSse.ts';
import { followByGraphqlWs } from '../clients/graphqlWs.ts';
import type { Chance } from './chance.ts';
import type { Connection, FinalState, Receipt, SubscriberHistory } from './checker.ts';

// Who reads in a history. Frames, events and pages as they are on the network, by readers that crash and hop between gateways; and the
// clients that others use, each as its recipe in docs/PROTOCOL.md says (test/e2e/clients), and our own (client/): those are given one
// address and left alone. What they hand on is one connection, in which no number may come twice.

/** By what a subscriber reads. */
export const kinds = ['websocket', 'sse', 'page', 'client', 'graphql-ws', 'graphql-sse', 'eventsource', 'apollo'] as const;
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
  nameListChanges: '__typename ... on NameListChange { id cursor kind recordId version subject { uscc } entry { grounds } } ... on Checkpoint { cursor lagSeconds } ... on CursorExpired { oldest message }',
  evaluationChanges: '__typename ... on EvaluationChange { id cursor kind recordId version subject { uscc } evaluation { score } } ... on Checkpoint { cursor lagSeconds } ... on CursorExpired { oldest message }',
};
type Field = keyof typeof SELECTION;
/** For the client, which asks for `__typename`, `id` and `cursor` by itself. */
const FIELDS: Record<Field, string> = { nameListChanges: 'kind recordId version subject { uscc } entry { grounds }', evaluationChanges: 'kind recordId version subject { uscc } evaluation { score }' };

interface Told {
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

/** A Checkpoint every ten seconds, and a pause between two attempts of at most 30: who is not heard of for longer has been left. */
const STALL_MS = 5000;

export function createSubscriber(world: SubscriberWorld, index: number, chance: Chance): Subscriber {
  const kind = kinds[index % kinds.length] as Kind;
  // An EventSource sends no token: it follows as the public.
  const field: Field = index % 5 === 4 && kind !== 'eventsource' ? 'evaluationChanges' : 'nameListChanges';
  const province = index % 4 === 1 ? '33' : index % 4 === 2 ? '44' : null;
  const filter = province === null ? {} : { provinces: [province] };
  const asCentre = field === 'evaluationChanges';
  const token = (): string | null => (asCentre ? world.centre() : null);
  const viewer: Viewer = asCentre ? createViewer({ role: 'NATIONAL_CENTRE', organisation: organisationOf('NATIONAL_CENTRE').organisation, province: null, sector: null, purposes: [], purpose: 'SUPERVISION', tokenId: null }) : publicViewer;
  const scope = cursorScope(viewer, readFilter(asCentre ? 'EVALUATION' : 'NAME_LIST', filter));
  const sealer = createCursorSealer(parseKeyRing(world.keys));
  const seqOf = (cursor: string): bigint => openPlace(sealer, scope, cursor).seq;
  const isEligible = (subject: string): boolean => subject.startsWith(asCentre ? 'E ' : 'L ') && (province === null || provinceOf(subject.slice(2)) === province);
  const connections: { instance: string; door: string; from: bigint | null; receipts: Receipt[] }[] = [];
  const known = new Map<string, number>();
  /** The last acknowledged place; null before `begin`. */
  let acknowledged: string | null = null;

  const connect = (instance: string): Receipt[] => {
    const receipts: Receipt[] = [];
    connections.push({ instance, door: kind, from: acknowledged === null ? null : seqOf(acknowledged), receipts });
    return receipts;
  };
  const take = (receipts: Receipt[], told: Told): void => {
    if (told.__typename === 'Checkpoint') {
      acknowledged = told.cursor;
      return;
    }
    if (told.__typename === 'CursorExpired') throw new Error('nothing is purged in a history');
    const subject = subjectKey(asCentre, told.subject.uscc);
    const score = told.evaluation?.score ?? null;
    receipts.push({ eventId: told.id, subject, version: told.version, token: asCentre ? score === null ? null : formatScore(score) : (told.entry?.grounds ?? null), seq: seqOf(told.cursor) });
    known.set(subject, Math.max(told.version, known.get(subject) ?? 0));
    // What is received is not acknowledged at once: after a crash some of it comes again.
    if (chance.next() < 0.8) acknowledged = told.cursor;
  };

  const filterType = `${asCentre ? 'Evaluation' : 'NameList'}ChangeFilter`;
  const STREAM = `subscription ($filter: ${filterType}!, $after: Cursor) { ${field}(filter: $filter, after: $after) { ${SELECTION[field]} } }`;

  const readPages = async (url: string, signal: AbortSignal): Promise<void> => {
    const receipts = connect(url);
    const query = `query ($filter: ${filterType}!, $after: Cursor) { ${field}(filter: $filter, first: ${1 + chance.below(50)}, after: $after) { endCursor hasMore events { ${SELECTION[field]} } } }`;
    for (let after = acknowledged; !signal.aborted; ) {
      const { body } = await askGateway(url, token(), query, { filter, after }, 'SUPERVISION');
      const page = body.data?.[field] as { events: Told[] | null; endCursor: string; hasMore: boolean } | null | undefined;
      if (!page?.events) return;
      for (const told of page.events) take(receipts, told);
      after = acknowledged = page.endCursor;
      if (!page.hasMore) await pause(chance.between(20, 200), undefined, { signal });
      if (chance.next() < 0.02) return;
    }
  };

  const readStream = async (open: typeof followByWebSocket, url: string, signal: AbortSignal): Promise<void> => {
    const receipts = connect(url);
    await using stream: Following = await withDeadline(open(url, token(), STREAM, { variables: { filter, after: acknowledged } }), STALL_MS);
    const stop = (): void => void stream[Symbol.asyncDispose]();
    signal.addEventListener('abort', stop, { once: true });
    // Sometimes it crashes by itself.
    const lives = chance.next() < 0.5 ? chance.between(500, 8000) : Number.POSITIVE_INFINITY;
    const until = performance.now() + lives;
    try {
      while (!signal.aborted && performance.now() < until) {
        const message: Message = await stream.next();
        const told = message.data?.[field] as Told | null | undefined;
        if (!told) throw new Error(JSON.stringify(message));
        take(receipts, told);
      }
    } finally {
      signal.removeEventListener('abort', stop);
    }
  };

  /** Left alone until the end: by its recipe it comes back by itself. It has failed when it ends. */
  const followBy = async (follow: (following: Followed) => () => void, url: string, signal: AbortSignal): Promise<void> => {
    const receipts = connect(url);
    const over = Promise.withResolvers<void>();
    const stop = follow({
      url: `${url}/graphql`,
      token,
      query: STREAM,
      variables: { filter, after: acknowledged },
      apply(message) {
        const told = (message.data as Record<string, Told | null> | null | undefined)?.[field];
        if (told) take(receipts, told);
      },
      ended: (error) => over.reject(new Error(`it ended: ${String((error as Error | null)?.message ?? JSON.stringify(error))}`)),
    });
    signal.addEventListener('abort', () => over.resolve(), { once: true });
    try {
      await over.promise;
    } finally {
      stop();
    }
  };

  const followByClient = async (url: string, signal: AbortSignal): Promise<void> => {
    const receipts = connect(url);
    const options = { url, token, filter: filter as never, from: acknowledged, fields: FIELDS[field], signal, ...(asCentre ? { purpose: 'SUPERVISION' } : null) };
    for await (const { change } of asCentre ? followEvaluations<Told>(options) : followNameLists<Told>(options)) take(receipts, change);
  };

  const recipes = { 'graphql-ws': followByGraphqlWs, 'graphql-sse': followByGraphqlSse, eventsource: followByEventSource, apollo: followByApolloClient } as const;

  const runOnce = (signal: AbortSignal): Promise<void> => {
    const url = world.urls[chance.below(world.urls.length)] as string;
    switch (kind) {
      case 'page':
        return readPages(url, signal);
      case 'websocket':
        return readStream(followByWebSocket, url, signal);
      case 'sse':
        return readStream(followBySse, url, signal);
      case 'client':
        return followByClient(url, signal);
      default:
        return followBy(recipes[kind], url, signal);
    }
  };
  const isRaw = kind === 'page' || kind === 'websocket' || kind === 'sse';

  return {
    kind,
    async begin() {
      const query = `query ($filter: ${filterType}!) { ${field}(filter: $filter, first: 1) { endCursor events { __typename } } }`;
      const { body, text } = await askGateway(world.urls[0] as string, token(), query, { filter }, 'SUPERVISION');
      const page = body.data?.[field] as { endCursor: string; events: unknown[] } | null | undefined;
      if (page?.events.length !== 0) throw new Error(`the log is not empty: ${text}`);
      acknowledged = page.endCursor;
    },
    async run(signal) {
      if (!isRaw) return runOnce(signal);
      while (!signal.aborted) {
        await runOnce(signal).catch(() => {});
        if (!signal.aborted) await pause(chance.between(10, 300));
      }
    },
    hasAll: ({ records }) => [...records].every(([subject, { version }]) => !isEligible(subject) || known.get(subject) === version),
    history: () => ({ name: `${index} ${kind} ${field} ${province ?? 'all'}`, isEligible, connections: connections as readonly Connection[] }),
  };
}

export function withDeadline<Value>(promise: Promise<Value>, ms: number): Promise<Value> {
  return Promise.race([promise, pause(ms, undefined, { ref: false }).then(() => Promise.reject(new Error('not in time')))]);
}
