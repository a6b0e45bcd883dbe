import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import WebSocket from 'ws';
import { serveBench } from '#test/bench/worker.ts';
import { clock } from './clock.ts';
import { filterOf, isInShare, type Share } from './dataset.ts';
import type { Written } from './writer.ts';

// Who follows, in a process of its own. Of a change only its number is read, and when it came, so that a thousand subscribers are no more
// work here than they have to be; what has no number is read whole.

export interface Bearer {
  readonly url: string;
  /** Null: the public. */
  readonly token: string | null;
  readonly purpose: string | null;
}

export interface Subscribing extends Bearer {
  readonly share: Share;
}

/** What can be asked of this process. Streams are known by the order in which they were opened. */
export type Task =
  /** Opens streams at the end of the log; done when each has its first checkpoint. */
  | { readonly task: 'open'; readonly query: string; readonly streams: readonly Subscribing[] }
  /** How many changes have come since `forget`. */
  | { readonly task: 'count' }
  | { readonly task: 'forget' }
  /** Judges what has come since `forget` by what was written since then. */
  | { readonly task: 'judge'; readonly written: Written }
  | { readonly task: 'close' }
  /** The cursor that the first stream would come back with. */
  | { readonly task: 'cursor' }
  /** The first stream stops reading from its network. */
  | { readonly task: 'stop reading' }
  /** It reads on, to its end, and comes back with the cursor that it was closed with. */
  | { readonly task: 'come back'; readonly query: string; readonly stream: Subscribing }
  /** From a cursor on until so many changes have come: by a stream, or by pages of 1 000. */
  | {
      readonly task: 'catch up';
      readonly transport: 'stream' | 'page';
      readonly query: string;
      readonly bearer: Bearer;
      readonly after: string;
      readonly changes: number;
    };

export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Judged {
  readonly messages: number;
  /** Milliseconds from its commit, and from when it was due, until a change was here. */
  readonly fromCommit: Spread;
  readonly fromDue: Spread;
}

export interface CameBack {
  readonly code: number;
  /** Changes that had come before it was closed. */
  readonly before: number;
}

export interface CaughtUp {
  readonly seconds: number;
  readonly bytes: number;
}

const SUB_PROTOCOL = 'graphql-transport-ws';
const OPENED_AT_ONCE = 50;
const DEADLINE_MS = 60_000;
const CLOSED_WITHIN_MS = 20_000;
const TRY_AGAIN_LATER = 1013;
const MAX_REFUSALS = 20;
const AFTER_REFUSAL_MS = 1000;
/** How a message with a change and no errors begins, and where it says its number. */
const OPENING = Buffer.from('{"id":"1","type":"next","payload":{"data":');
const NUMBER = Buffer.from('示更〔2026〕');

interface Stream {
  readonly share: Share;
  readonly socket: WebSocket;
  /** Numbers of changes and when they came, in turn. */
  received: number[];
  cursor: string | null;
  readonly ended: Promise<{ readonly code: number; readonly reason: string }>;
  end: { readonly code: number; readonly reason: string } | null;
}

let streams: Stream[] = [];
let count = 0;

function numberIn(message: Buffer): number {
  const at = message.indexOf(NUMBER, OPENING.length);
  if (at < 0) return -1;
  let number = 0;
  for (let index = at + NUMBER.length; ; index += 1) {
    const digit = (message[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return number;
    number = number * 10 + digit;
  }
}

interface Whole {
  readonly type: string;
  readonly payload?: {
    readonly data?: { readonly changes?: { readonly __typename?: string; readonly cursor?: string } };
  };
}

/** Subscribes; resolves when it has come to something: a checkpoint, or a change where it goes on from a cursor. */
async function open(
  query: string,
  { url, token, purpose, share }: Subscribing,
  after: string | null,
  onChange: (number: number, message: Buffer) => void,
): Promise<Stream> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, SUB_PROTOCOL, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
  });
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<{ code: number; reason: string }>();
  const stream: Stream = { share, socket, received: [], cursor: null, ended: ended.promise, end: null };
  const late = setTimeout(() => began.reject(new Error('a stream had no message in time')), DEADLINE_MS);
  const fail = (message: string): void => {
    began.reject(new Error(message));
    socket.terminate();
  };
  socket.on('error', ({ message }) => fail(message));
  socket.on('close', (code, reason) => {
    stream.end = { code, reason: reason.toString() };
    began.reject(new Error(`a stream was closed with ${code} ${reason.toString()}`, { cause: code }));
    ended.resolve(stream.end);
  });
  socket.on('open', () =>
    socket.send(
      JSON.stringify({
        type: 'connection_init',
        payload: token === null ? {} : { authorization: `Bearer ${token}`, 'x-purpose': purpose },
      }),
    ),
  );
  socket.on('message', (message: Buffer) => {
    const number = message.subarray(0, OPENING.length).equals(OPENING) ? numberIn(message) : -1;
    if (number >= 0) {
      began.resolve();
      return onChange(number, message);
    }
    const { type, payload } = JSON.parse(message.toString()) as Whole;
    const event = payload?.data?.changes;
    if (type === 'connection_ack')
      socket.send(
        JSON.stringify({
          id: '1',
          type: 'subscribe',
          payload: { query, variables: { filter: filterOf(share), after } },
        }),
      );
    else if (type === 'next' && event?.__typename === 'Checkpoint') {
      stream.cursor = event.cursor ?? null;
      began.resolve();
    } else fail(`a stream received ${message.toString().slice(0, 1000)}`);
  });
  try {
    await began.promise;
    return stream;
  } finally {
    clearTimeout(late);
  }
}

/** Notes what comes of a stream, under `stream` or the one in whose place it goes on. */
function noting(stream: () => Stream): (number: number) => void {
  return (number) => {
    stream().received.push(number, clock());
    count += 1;
  };
}

/** Opens a stream at the end of the log. A gateway that is busy says "try again later": then it is tried again. */
async function openPatiently(
  query: string,
  wanted: Subscribing,
  onChange: (number: number, message: Buffer) => void,
): Promise<Stream> {
  for (let refusals = 0; ; refusals += 1) {
    try {
      return await open(query, wanted, null, onChange);
    } catch (error) {
      if (refusals === MAX_REFUSALS || !(error instanceof Error) || error.cause !== TRY_AGAIN_LATER) throw error;
      await pause(AFTER_REFUSAL_MS);
    }
  }
}

async function openAll(query: string, wanted: readonly Subscribing[]): Promise<void> {
  const opened: Stream[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < wanted.length) {
      const index = next;
      next += 1;
      opened[index] = await openPatiently(
        query,
        wanted[index] as Subscribing,
        noting(() => opened[index] as Stream),
      ); // nothing is written while streams are opened
    }
  };
  await Promise.all(Array.from({ length: OPENED_AT_ONCE }, work));
  streams.push(...opened);
}

function spreadOf(values: Float64Array): Spread {
  values.sort();
  const at = (share: number): number => values[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

/** @throws Error where a stream has ended, or received what it did not ask for, a change twice, or not every change */
function judge({ first, entities, due, committed }: Written): Judged {
  const messages = streams.reduce((sum, { received }) => sum + received.length / 2, 0);
  const fromCommit = new Float64Array(messages);
  const fromDue = new Float64Array(messages);
  let at = 0;
  for (const [index, { share, received, end }] of streams.entries()) {
    if (end) throw new Error(`stream ${index} was closed with ${end.code} ${end.reason}`);
    const came = new Uint8Array(entities.length);
    for (let entry = 0; entry < received.length; entry += 2) {
      const position = (received[entry] ?? 0) - first;
      const time = received[entry + 1] ?? Number.NaN;
      const entity = entities[position];
      if (entity === undefined || !isInShare(share, entity))
        throw new Error(`stream ${index} received change ${first + position}, which it did not ask for`);
      if (came[position] === 1) throw new Error(`stream ${index} received change ${first + position} twice`);
      came[position] = 1;
      fromCommit[at] = time - (committed[position] ?? Number.NaN);
      fromDue[at] = time - (due[position] ?? Number.NaN);
      at += 1;
    }
    const lost = entities.findIndex((entity, position) => came[position] === 0 && isInShare(share, entity));
    if (lost >= 0) throw new Error(`stream ${index} did not receive change ${first + lost}`);
  }
  return { messages, fromCommit: spreadOf(fromCommit), fromDue: spreadOf(fromDue) };
}

async function closeAll(): Promise<void> {
  for (const { socket } of streams) socket.terminate();
  await Promise.all(streams.map(({ ended }) => ended));
  streams = [];
}

async function resumeStopped(query: string, wanted: Subscribing): Promise<CameBack> {
  const [stopped] = streams;
  if (!stopped) throw new Error('no stream is open');
  stopped.socket.resume();
  const late = AbortSignal.timeout(CLOSED_WITHIN_MS);
  const { code, reason } = await Promise.race([
    stopped.ended,
    once(late, 'abort').then(() => Promise.reject(new Error('the stream that had stopped reading was not closed'))),
  ]);
  const before = stopped.received.length / 2;
  const again = await open(
    query,
    wanted,
    reason,
    noting(() => streams[0] as Stream),
  ); // it stands in its place, with what the first has received
  again.received = stopped.received;
  streams[0] = again;
  return { code, before };
}

async function catchUpByStream(query: string, bearer: Bearer, after: string, changes: number): Promise<CaughtUp> {
  const done = Promise.withResolvers<void>();
  const seen = new Set<number>();
  let bytes = 0;
  const begun = clock();
  const stream = await open(query, { ...bearer, share: { of: 'everything' } }, after, (number, message) => {
    seen.add(number);
    bytes += message.length;
    if (seen.size === changes) done.resolve();
  });
  const seconds = await Promise.race([
    done.promise,
    stream.ended.then(({ code, reason }) =>
      Promise.reject(new Error(`closed with ${code} ${reason} after ${seen.size} changes`)),
    ),
  ]).then(() => (clock() - begun) / 1000);
  stream.socket.terminate();
  await stream.ended;
  return { seconds, bytes };
}

interface Page {
  readonly data: {
    readonly changes: {
      readonly events: readonly { readonly documentNo: string }[];
      readonly endCursor: string;
      readonly hasMore: boolean;
    } | null;
  } | null;
  readonly errors?: unknown;
}

async function catchUpByPages(
  query: string,
  { url, token, purpose }: Bearer,
  from: string,
  changes: number,
): Promise<CaughtUp> {
  const seen = new Set<string>();
  let bytes = 0;
  let after = from;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...(token === null ? null : { authorization: `Bearer ${token}`, 'x-purpose': purpose ?? '' }),
  };
  const begun = clock();
  for (let hasMore = true; hasMore;) {
    const answer = await request(`${url}/graphql`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ query, variables: { filter: {}, after } }),
    });
    const whole = Buffer.from(await answer.body.arrayBuffer());
    bytes += whole.length;
    const text = whole.toString();
    const { data, errors } = JSON.parse(text) as Page;
    if (errors !== undefined || !data?.changes) throw new Error(`a page was answered with ${text.slice(0, 1000)}`);
    for (const { documentNo } of data.changes.events) seen.add(documentNo);
    ({ endCursor: after, hasMore } = data.changes);
  }
  const seconds = (clock() - begun) / 1000;
  if (seen.size !== changes) throw new Error(`pages had ${seen.size} of ${changes} changes`);
  return { seconds, bytes };
}

serveBench(null, async (given): Promise<unknown> => {
  const asked = given as Task; // sent by rows.ts alone
  switch (asked.task) {
    case 'open':
      return openAll(asked.query, asked.streams);
    case 'count':
      return count;
    case 'forget':
      count = 0;
      for (const stream of streams) stream.received = [];
      return;
    case 'judge':
      return judge(asked.written);
    case 'close':
      return closeAll();
    case 'cursor':
      return streams[0]?.cursor ?? null;
    case 'stop reading':
      return streams[0]?.socket.pause();
    case 'come back':
      return resumeStopped(asked.query, asked.stream);
    case 'catch up':
      return (asked.transport === 'stream' ? catchUpByStream : catchUpByPages)(
        asked.query,
        asked.bearer,
        asked.after,
        asked.changes,
      );
  }
});
