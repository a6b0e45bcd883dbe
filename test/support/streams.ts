import { once } from 'node:events';
import WebSocket from 'ws';
import { purposeIn } from './purposes.ts';

// Subscriptions to changes in tests, over the transports that clients use. Messages wait in a queue until they are
// read; every wait has a deadline.
//
//   const query = '{ nameListChanges(filter: {}) { … } }';
//   await using stream = await followByWebSocket(graph.url, graph.tokenOf('PUBLIC'), query);
//   const { data } = await stream.next();

export interface Message {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
  readonly extensions?: { readonly cursor?: string } & Record<string, unknown>;
}

export interface End {
  /** Close code of a WebSocket; 0 for SSE. */
  readonly code: number;
  readonly reason: string;
}

export interface Following extends AsyncDisposable {
  /** The next message; checkpoints too. @throws Error when the stream has ended, or after 15 seconds */
  next(): Promise<Message>;
  /** The next message that is no checkpoint. */
  event(): Promise<Message>;
  /** What has come and was not asked for yet. */
  readonly waiting: () => readonly Message[];
  readonly ended: Promise<End>;
  /** Stops reading from the network, or goes on. */
  pause(): void;
  resume(): void;
}

const DEADLINE_MS = 15_000;

export const isCheckpoint = ({ data }: Message): boolean =>
  Object.values(data ?? {}).some((event) => (event as { __typename?: string } | null)?.__typename === 'Checkpoint');

export function createQueue(): { push(message: Message): void; end(end: End): void } & Pick<
  Following,
  'next' | 'event' | 'waiting' | 'ended'
> {
  const messages: Message[] = [];
  const ended = Promise.withResolvers<End>();
  let arrived = Promise.withResolvers<void>();
  let over: End | null = null;
  const next = async (): Promise<Message> => {
    const late = Promise.withResolvers<never>();
    const deadline = setTimeout(() => late.reject(new Error('no message came in time')), DEADLINE_MS);
    late.promise.catch(() => {}); // heard below, or not at all
    try {
      for (;;) {
        const message = messages.shift();
        if (message) return message;
        if (over) throw new Error(`the stream has ended: ${over.code} ${over.reason}`);
        await Promise.race([arrived.promise, late.promise]);
      }
    } finally {
      clearTimeout(deadline);
    }
  };
  const signal = (): void => {
    arrived.resolve();
    arrived = Promise.withResolvers();
  };
  return {
    next,
    async event() {
      for (;;) {
        const message = await next();
        if (!isCheckpoint(message)) return message;
      }
    },
    waiting: () => messages,
    ended: ended.promise,
    push(message) {
      messages.push(message);
      signal();
    },
    end(end) {
      over ??= end;
      ended.resolve(over);
      signal();
    },
  };
}

export interface FollowOptions {
  readonly variables?: Record<string, unknown>;
  readonly purpose?: string | null;
}

/** Subscribes over a WebSocket. `token` null: the public. */
export async function followByWebSocket(
  url: string,
  token: string | null,
  query: string,
  { variables = {}, purpose = token === null ? null : purposeIn(token) }: FollowOptions = {},
): Promise<Following> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
  const queue = createQueue();
  socket.on('error', (error) => queue.end({ code: 0, reason: error.message }));
  socket.on('close', (code, reason) => queue.end({ code, reason: reason.toString() }));
  const acknowledged = Promise.withResolvers<void>();
  acknowledged.promise.catch(() => {}); // awaited once the connection is open
  queue.ended.then(
    ({ code, reason }) => acknowledged.reject(new Error(`closed before it was acknowledged: ${code} ${reason}`)),
    () => {},
  );
  socket.on('message', (data: Buffer) => {
    const message = JSON.parse(data.toString()) as { type: string; payload?: unknown };
    if (message.type === 'connection_ack') acknowledged.resolve();
    else if (message.type === 'next') queue.push(message.payload as Message);
    else if (message.type === 'error') queue.push({ errors: message.payload as NonNullable<Message['errors']> });
    else if (message.type === 'complete') queue.end({ code: 1000, reason: 'complete' });
    else if (message.type === 'ping') socket.send('{"type":"pong"}');
  });
  await Promise.race([once(socket, 'open'), acknowledged.promise]);
  socket.send(
    JSON.stringify({
      type: 'connection_init',
      payload:
        token === null
          ? {}
          : { authorization: `Bearer ${token}`, ...(purpose === null ? null : { 'x-purpose': purpose }) },
    }),
  );
  await acknowledged.promise;
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query, variables } }));
  return {
    ...queue,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await queue.ended;
    },
  };
}

/**
 * Subscribes over server-sent events. `lastEventId` is the header of that name.
 * @throws Error with the answer when there is no stream
 */
export async function followBySse(
  url: string,
  token: string | null,
  query: string,
  {
    variables = {},
    purpose = token === null ? null : purposeIn(token),
    lastEventId,
  }: FollowOptions & { readonly lastEventId?: string } = {},
): Promise<Following & { readonly ids: () => readonly string[] }> {
  const abort = new AbortController();
  const late = setTimeout(() => abort.abort(new Error('no head of an answer came in time')), DEADLINE_MS);
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      ...(token === null
        ? null
        : { authorization: `Bearer ${token}`, ...(purpose === null ? null : { 'x-purpose': purpose }) }),
      ...(lastEventId === undefined ? null : { 'last-event-id': lastEventId }),
    },
    body: JSON.stringify({ query, variables }),
    signal: abort.signal,
  }).finally(() => clearTimeout(late));
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body)
    throw Object.assign(new Error(`no stream: ${response.status} ${await response.text()}`), {
      status: response.status,
    });
  const queue = createQueue();
  const ids: string[] = [];
  let gate = Promise.resolve();
  let open: (() => void) | null = null;
  const read = async (): Promise<void> => {
    let text = '';
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString('utf8');
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()] as const),
        );
        text = text.slice(end + 2);
        if (fields.get('event') === 'next') {
          ids.push(fields.get('id') ?? '');
          queue.push(JSON.parse(fields.get('data') ?? '{}') as Message);
        } else if (fields.get('event') === 'complete') queue.end({ code: 0, reason: fields.get('data') ?? '' });
      }
      await gate;
    }
  };
  const reading = read().then(
    () => queue.end({ code: 0, reason: 'closed' }),
    (error: Error) => queue.end({ code: 0, reason: error.message }),
  );
  return {
    ...queue,
    ids: () => ids,
    pause() {
      gate = new Promise((resolve) => (open = resolve));
    },
    resume: () => open?.(),
    async [Symbol.asyncDispose]() {
      open?.();
      abort.abort();
      await reading;
    },
  };
}
