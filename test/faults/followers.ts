import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { followBySse } from '#test/support/streams.ts';
import type { Findings } from './findings.ts';
import { PUBLIC } from './fixtures.ts';
import { type LoadClient, parse } from './loadClient.ts';
import { judge } from './oracle.ts';

// Who follows changes during a load, by every transport: each comes back with its last cursor, and has to have every
// acknowledged write at the end.

const SELECTION = '__typename ... on NameListChange { cursor kind entry { grounds } } ... on Checkpoint { cursor }';
interface Change {
  readonly __typename: string;
  readonly cursor: string;
  readonly kind?: string;
  readonly entry?: { readonly grounds: string } | null;
}
const SUBSCRIPTION = `subscription ($after: Cursor) { nameListChanges(filter: {}, after: $after) { ${SELECTION} } }`;

/** One that follows changes: where it goes on, and which writes it has seen. */
export interface Follower {
  readonly name: string;
  readonly seen: Set<string>;
  cursor: string | null;
}

export interface FollowOptions {
  readonly client: LoadClient;
  readonly findings: Findings;
  readonly signal: AbortSignal;
}

type Transport = (follower: Follower, url: string, options: FollowOptions) => Promise<void>;

const createFollower = (name: string): Follower => ({ name, seen: new Set(), cursor: null });

/** Follows by one transport until it is stopped, from one gateway after another; `first` says from which. */
async function follow(follower: Follower, first: number, transport: Transport, options: FollowOptions): Promise<void> {
  follower.cursor = await begin(options);
  for (let turn = first; !options.signal.aborted; turn += 1) {
    await transport(follower, options.client.urlOf(turn), options).catch(() => {});
    await pause(200 + 100 * (turn % 3));
  }
}

/** Begins to follow by WebSocket, by SSE and by pages, as three followers. */
export function followAll(options: FollowOptions): {
  readonly followers: readonly Follower[];
  readonly ended: Promise<unknown>;
} {
  const byTransport: readonly [name: string, first: number, transport: Transport][] = [
    ['graphql-ws', 0, overWebSocket],
    ['sse', 1, overSse],
    ['page', 0, byPages],
  ];
  const followers = byTransport.map(([name]) => createFollower(name));
  const ended = Promise.all(
    // There are as many.
    byTransport.map(([, first, transport], index) => follow(followers[index] as Follower, first, transport, options)),
  );
  return { followers, ended };
}

/** The end of the log now; null where it is stopped before. */
async function begin({ client, signal }: FollowOptions): Promise<string | null> {
  for (let turn = 0; !signal.aborted; turn += 1) {
    const answer = await client.ask(
      client.urlOf(turn),
      PUBLIC,
      '{ nameListChanges(filter: {}, first: 100) { endCursor hasMore } }',
    );
    const page =
      'lost' in answer
        ? null
        : (parse(answer.text)?.data?.['nameListChanges'] as { endCursor: string } | null | undefined);
    if (page) return page.endCursor;
    await pause(200);
  }
  return null;
}

/** Takes in one message. @returns the cursor to go on from, or null where there is none */
function take(
  findings: Findings,
  follower: Follower,
  change: Change | null | undefined,
  whole: unknown,
): string | null {
  if (!change) {
    const [error] = (whole as { errors?: { extensions?: { code?: string } }[] }).errors ?? [];
    findings.addViolation(
      follower.name,
      `a message without its event: ${error?.extensions?.code}`,
      JSON.stringify(whole),
    );
    return null;
  }
  if (change.__typename === 'NameListChange') {
    findings.counts.events += 1;
    if (!change.entry && change.kind !== 'REMOVED')
      findings.addViolation(follower.name, 'an event without its content', JSON.stringify(whole));
    else if (change.entry) follower.seen.add(change.entry.grounds);
  }
  return change.cursor;
}

async function overWebSocket(follower: Follower, url: string, { findings, signal }: FollowOptions): Promise<void> {
  const socket = createClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionAckWaitTimeout: 5000,
    keepAlive: 5000,
  });
  const stop = (): void => void socket.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const message of socket.iterate<{ nameListChanges: Change }>({
      query: SUBSCRIPTION,
      variables: { after: follower.cursor },
    })) {
      const cursor = take(findings, follower, message.data?.nameListChanges, message);
      if (cursor === null) return;
      follower.cursor = cursor;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await socket.dispose();
  }
}

async function overSse(follower: Follower, url: string, { findings, signal }: FollowOptions): Promise<void> {
  await using stream = await followBySse(url, null, SUBSCRIPTION, { variables: { after: follower.cursor } });
  const stop = (): void => void stream[Symbol.asyncDispose]();
  signal.addEventListener('abort', stop, { once: true });
  for (;;) {
    const message = await stream.next();
    const cursor = take(findings, follower, message.data?.['nameListChanges'] as Change | undefined, message);
    if (cursor === null) return;
    follower.cursor = cursor;
  }
}

async function byPages(follower: Follower, url: string, { client, findings }: FollowOptions): Promise<void> {
  const answer = await client.ask(
    url,
    PUBLIC,
    `query ($after: Cursor) {
      nameListChanges(filter: {}, first: 50, after: $after) { endCursor events { ${SELECTION} } }
    }`,
    { after: follower.cursor },
  );
  if ('lost' in answer) return;
  const page = parse(answer.text)?.data?.['nameListChanges'] as
    { endCursor: string; events: Change[] } | null | undefined;
  if (!page) {
    const verdict = judge(answer, { nameListChanges: {} }, PUBLIC);
    if (verdict.outcome === 'wrong') findings.addViolation('page', verdict.what, answer.text);
    return;
  }
  for (const change of page.events) take(findings, follower, change, page);
  follower.cursor = page.endCursor;
}
