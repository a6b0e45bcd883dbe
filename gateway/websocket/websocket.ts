import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import { faultOf } from '#kit/faults.ts';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';
import { closeScope, endTrace, inScope, openScope, requestIdOf, type RequestScope } from '#kit/telemetry/scope.ts';
import { textProblem } from '#kit/text.ts';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { errorOf, RETRY_AFTER_SECONDS } from '#gateway/graph/errors.ts';
import type { Session } from '#gateway/auth/session.ts';
import type { Live, Sink, StreamEnd, StreamRequest } from '#gateway/changes/subscriber.ts';
import { answerOn } from '#kit/http/rawAnswer.ts';
import {
  type Asked,
  answerOnce,
  type Credentials,
  credentialsIn,
  type TransportOptions,
  followOperation,
  holderOf,
  isRecord,
  type ReadOperation,
  readAsked,
  readOperation,
  formatRefusal,
} from '#gateway/operations/operation.ts';

// graphql-transport-ws (docs/PROTOCOL.md; docs/adr/0016-following-changes.md explains why it is our own). An idle
// connection costs its socket and one object: timers and lists exist only while they are needed.

export const SUB_PROTOCOL = 'graphql-transport-ws';

/** As large as an HTTP body: a batch of 1 000 rows in the variables. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** For messages before `connection_ack`: a token and a purpose. */
const MAX_FIRST_MESSAGE_BYTES = 64 * 1024;
const MAX_SUBSCRIPTIONS = 100;
/** Connections that have not sent `connection_init` yet, of all clients together. */
const MAX_UNINITIALISED = 1000;
/** Longer than the ids of any known client: each is kept, and repeated in every message. */
const MAX_ID = 256;
/** For a message of the public, as for a body without a token. */
const MAX_ANONYMOUS_BYTES = 256 * 1024;
/**
 * Pings, pongs and completes within a heartbeat: a client sends a handful, and each costs as much as a small response.
 */
const MAX_CHATTER = 2000;
/** How long a refused connection stays open for its closing frame. */
const NOTICE_MS = 1000;
/** The bytes of a short client frame beside its text; client frames are masked. */
const CLIENT_FRAME_BYTES = 6;
/** Nothing more is read from a client while so much that it requested waits to be sent. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** RFC 6455 §5.5: a control frame has at most 125 bytes, two of them for the code. */
const MAX_REASON_BYTES = 123;

export interface WebSocketTiming {
  /** From the upgrade to `connection_init`. */
  readonly initMs: number;
  readonly heartbeatMs: number;
  /** From the first byte of a message to its last. */
  readonly messageMs: number;
  /** How long clients have to close, and operations to end, when this instance shuts down. */
  readonly drainMs: number;
}

const standardTiming: WebSocketTiming = { initMs: 10_000, heartbeatMs: 15_000, messageMs: 30_000, drainMs: 5000 };

/**
 * After more pings than this without a message from the client its connection is cut. One is too few: a ping to a slow
 * reader waits behind data in its network.
 */
const MAX_UNANSWERED = 3;

/**
 * The table of docs/PROTOCOL.md. A reason is for readers of logs; clients go by the code. The codes that graphql-ws
 * takes as fatal (4400, 4401, 4406, 4409, 4429) are for errors that stay however often it retries; after all others it
 * reconnects.
 */
const closings = {
  goingAway: [1012, 'This instance is going away: come back.'],
  cannotSay: [1012, 'Who you are cannot be looked up now: come back.'],
  unavailable: [1013, 'Nothing can be followed now: come back later.'],
  tooManyUninitialised: [1013, 'Too many connections without connection_init: come back later.'],
  failed: [1011, 'A message could not be handled.'],
  badMessage: [4400, 'A message that is none of graphql-transport-ws.'],
  notAcknowledged: [4401, 'Subscribed before connection_ack.'],
  rightsEnded: [4403, 'The token has ended or was revoked, or a grant has changed: come back with a new token.'],
  subProtocol: [4406, `The only sub-protocol is ${SUB_PROTOCOL}.`],
  initialisationTimeout: [4408, 'No connection_init in time.'],
  messageTimeout: [4408, 'A message that did not come to its end in time.'],
  idInUse: [4409, 'A second subscribe with an id that is in use.'],
  tooSlow: [4413, ''],
  initialisedTwice: [4429, 'A second connection_init.'],
  tooManyMessages: [4429, `More than ${MAX_CHATTER} pings, pongs and completes within a heartbeat.`],
  tooManySubscriptions: [4429, `More than ${MAX_SUBSCRIPTIONS} subscriptions on one connection.`],
} as const satisfies Record<string, readonly [code: number, reason: string]>;

type Closing = readonly [code: number, reason: string];

type Message =
  | { readonly type: 'connection_init' | 'ping' | 'pong'; readonly payload: Record<string, unknown> | null | undefined }
  | { readonly type: 'subscribe'; readonly id: string; readonly payload: Asked; readonly requestId: unknown }
  | { readonly type: 'complete'; readonly id: string };

/** Why a connection is refused for now. */
interface Problem {
  readonly code: 'RATE_LIMITED' | 'BUSY';
  readonly message: string;
}

export interface WebSocketTransport extends AsyncDisposable {
  /** For the `upgrade` event of an HTTP server. @param problem why there is no room for it; it closes with 1013 */
  upgrade(request: IncomingMessage, network: Duplex, head: Buffer, problem?: Problem | null): void;
  readonly connections: () => number;
}

interface OpenTransport extends TransportOptions {
  readonly timing: WebSocketTiming;
  /** All that are not closed yet. */
  readonly open: Set<Connection>;
  /** Those of them that have not sent `connection_init`. */
  readonly uninitialised: Set<Connection>;
  readonly hasClosed: (connection: Connection) => void;
}

export function createWebSocketTransport(
  options: TransportOptions & { readonly timing?: Partial<WebSocketTiming> },
): WebSocketTransport {
  const open = new Set<Connection>();
  const emptied = Promise.withResolvers<void>();
  let isLeaving = false;
  const uninitialised = new Set<Connection>();
  const hasClosed = (connection: Connection): void => {
    open.delete(connection);
    uninitialised.delete(connection);
    if (isLeaving && open.size === 0) emptied.resolve();
  };
  const transport: OpenTransport = {
    ...options,
    timing: { ...standardTiming, ...options.timing },
    open,
    uninitialised,
    hasClosed,
  };

  // No compression: it costs a window of memory for each connection, and the length of compressed text helps to guess a
  // secret in it. Of several sub-protocols ours is chosen; if none is ours, the first, since a client sees 4406 only
  // after a sub-protocol was agreed on.
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false, // or pongs to a client that does not read would pile up without limit
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has(SUB_PROTOCOL) ? SUB_PROTOCOL : ([...offered][0] ?? false)),
  });
  server.on('wsClientError', ({ message }, socket) =>
    answerOn(socket, '400 Bad Request', `${message}.`, ['sec-websocket-version: 13']),
  );
  server.on('headers', (headers, request) => headers.push(`x-request-id: ${request.headers['x-request-id']}`));
  const heart = setInterval(() => {
    const at = performance.now();
    const today = options.now().getTime();
    for (const connection of open) connection.beat(at, today);
  }, transport.timing.heartbeatMs / 15).unref();

  return {
    connections: () => open.size,
    upgrade(request, network, head, problem = null) {
      const requestId = requestIdOf(request.headers['x-request-id']);
      request.headers['x-request-id'] = requestId; // for the handshake's response
      server.handleUpgrade(request, network, head, (socket) => {
        const connection = new Connection(transport, socket, network, credentialsIn(request), requestId);
        open.add(connection);
        // After the handshake: for a client a refused handshake is an error without a code, which it does not retry.
        if (isLeaving) return connection.close(closings.goingAway);
        if (problem !== null) return connection.refuse(problem);
        connection.admit(options.addresses.of(request));
      });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heart);
      isLeaving = true;
      for (const connection of open) connection.goAway();
      if (open.size === 0) return;
      const deadline = setTimeout(() => {
        for (const connection of open) connection.terminate();
      }, transport.timing.drainMs);
      await emptied.promise;
      clearTimeout(deadline);
    },
  };
}

const asText = { binary: false } as const;

class Connection {
  readonly #transport: OpenTransport;
  readonly #socket: WebSocket;
  readonly #network: Duplex;
  #phase: 'OPENED' | 'INITIALISING' | 'READY' | 'LEAVING' | 'CLOSED' = 'OPENED';
  /** The credentials of the upgrade, until `connection_init` completes them. */
  #credentials: Credentials | null;
  #initTimer: NodeJS.Timeout | null;
  #session: Session | null = null;
  #address: string | undefined;
  #mode: 'filter' | 'reject';
  #reportsCost: boolean;
  #subscriptions: Map<string, Subscription> | null = null;
  #beatAt: number;
  /** Pings since the last message from the client. */
  #unanswered = 0;
  #drained: Promise<void> | null = null;
  /** Bytes received since the last whole message, and when the first of them arrived. */
  #partial = 0;
  #partialSince = 0;
  /** Messages since the last heartbeat that request nothing. */
  #chatter = 0;
  /** Its shares of the quota. */
  readonly #places: (() => void)[] = [];
  /** The request id of the handshake. Operations have it with their number, unless they bring their own. */
  readonly #requestId: string;
  #operations = 0;

  constructor(
    transport: OpenTransport,
    socket: WebSocket,
    network: Duplex,
    credentials: Credentials,
    requestId: string,
  ) {
    this.#requestId = requestId;
    this.#transport = transport;
    this.#socket = socket;
    this.#network = network;
    this.#credentials = credentials;
    this.#mode = credentials.rejects ? 'reject' : transport.policyMode;
    this.#reportsCost = credentials.reportsCost;
    this.#beatAt = performance.now() + transport.timing.heartbeatMs;
    this.#initTimer = setTimeout(() => this.close(closings.initialisationTimeout), transport.timing.initMs).unref();
    socket.on('message', (data, isBinary) => this.#guarded(() => this.#receive(data, isBinary)));
    socket.on('ping', (data: Buffer) => this.#hearControl(data, () => socket.pong(data)));
    socket.on('pong', (data: Buffer) => this.#hearControl(data, () => {}));
    // Before ws reads them: the bytes of a message that has not ended.
    network.prependListener('data', (bytes: Buffer) => this.#count(bytes.length));
    // An invalid frame or too large a message: ws closes with the code of RFC 6455 (1002, 1007, 1009).
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#letGo();
      for (const release of this.#places) release();
      transport.hasClosed(this);
    });
    if (socket.protocol !== SUB_PROTOCOL) this.close(closings.subProtocol);
  }

  /** Closes the connection again where there are too many. */
  admit(address: string | undefined): void {
    const { uninitialised, quota } = this.#transport;
    if (this.#phase !== 'OPENED') return;
    this.#address = address;
    if (uninitialised.size >= MAX_UNINITIALISED) return this.close(closings.tooManyUninitialised);
    uninitialised.add(this);
    this.#take(quota.take({ address }));
  }

  #take(place: (() => void) | string): void {
    if (typeof place === 'string') this.refuse({ code: 'RATE_LIMITED', message: place });
    else this.#places.push(place);
  }

  /** For want of room. */
  refuse({ code, message }: Problem): void {
    this.#transport.metrics?.refused('websocket', code);
    this.close([closings.unavailable[0], `${code}: ${message}`]);
  }

  // --- incoming -----------------------------------------------------------------------------------------------------

  /** An exception in a handler ends this connection, and nothing else. */
  #guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#transport.log.error({ err: error }, 'a message could not be handled');
      this.close(closings.failed);
    }
  }

  #count(bytes: number): void {
    if (this.#partial === 0) this.#partialSince = performance.now();
    this.#partial += bytes;
    const limit = this.#maxMessageBytes();
    if (this.#partial > 2 * limit)
      this.terminate(); // it continues although it was closed
    else if (this.#partial > limit) this.#closeOn([1009, `A message has at most ${limit} bytes here.`]);
  }

  /** With the overhead of frames. */
  #maxMessageBytes(): number {
    if (this.#session === null) return 2 * MAX_FIRST_MESSAGE_BYTES;
    return this.#session.viewer.organisation === null ? MAX_ANONYMOUS_BYTES : 2 * MAX_MESSAGE_BYTES;
  }

  #hearControl(data: Buffer, answer: () => void): void {
    this.#unanswered = 0;
    // The frame may stand between two fragments of a message.
    this.#partial = Math.max(0, this.#partial - data.length - CLIENT_FRAME_BYTES);
    if (this.#phase === 'CLOSED' || !this.#mayChatter()) return;
    answer();
    this.#rest();
  }

  /** Messages that cost no points are limited in number. */
  #mayChatter(): boolean {
    this.#chatter += 1;
    if (this.#chatter > MAX_CHATTER) this.#closeOn(closings.tooManyMessages);
    return this.#chatter <= MAX_CHATTER;
  }

  /** Responses to a client that does not read do not pile up: its messages wait in its own network meanwhile. */
  #rest(): void {
    if (this.waiting() <= MAX_WAITING_BYTES || this.#socket.isPaused) return;
    this.#socket.pause();
    void this.drained().then(() => this.#socket.resume());
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#partial = 0;
    if (this.#phase === 'CLOSED') return;
    this.#unanswered = 0;
    const text = isBinary ? null : String(data);
    if (text === null || (this.#session === null && text.length > MAX_FIRST_MESSAGE_BYTES))
      return this.close(closings.badMessage);
    const beyond = jsonBoundsProblem(text);
    if (beyond !== null) return this.close([closings.badMessage[0], beyond]);
    const message = readMessage(text);
    if (!message) return this.close(closings.badMessage);
    if (message.type !== 'subscribe' && !this.#mayChatter()) return;
    switch (message.type) {
      case 'connection_init':
        void this.#initialise(message.payload);
        break;
      case 'ping':
        this.send(JSON.stringify({ type: 'pong', ...(message.payload ? { payload: message.payload } : null) }));
        break;
      case 'pong':
        break;
      case 'subscribe':
        void this.#subscribe(message.id, message.payload, message.requestId);
        break;
      case 'complete':
        this.#subscriptions?.get(message.id)?.stop();
        break;
    }
    this.#rest();
  }

  async #initialise(payload: Record<string, unknown> | null | undefined): Promise<void> {
    if (this.#phase === 'LEAVING') return;
    const headers = this.#credentials;
    if (this.#phase !== 'OPENED' || !headers) return this.close(closings.initialisedTwice);
    this.#phase = 'INITIALISING';
    this.#credentials = null;
    this.#transport.uninitialised.delete(this);
    this.#stopWaiting();
    const { authorization, purpose, rejects, reportsCost } = overriding(headers, payload ?? {});
    if (rejects) this.#mode = 'reject';
    this.#reportsCost = reportsCost;
    try {
      this.#session = await this.#transport.authenticator.session(authorization, purpose);
    } catch (error) {
      if (error instanceof GraphQLError) return this.close([4403, cutToReason(error.message)]);
      // A failed look-up was logged where it was made (auth/rightsLookup.ts, auth/keySet.ts), once for all connections.
      if (!faultOf(error)) this.#transport.log.error({ err: error }, 'a connection could not be begun');
      return this.close(closings.cannotSay);
    }
    if (!this.#isIn('INITIALISING')) return; // it has closed meanwhile
    this.#take(this.#transport.quota.take(holderOf(this.#session)));
    if (!this.#isIn('INITIALISING')) return; // one too many
    this.#phase = 'READY';
    this.send('{"type":"connection_ack"}');
  }

  #scopeOf(requestId: unknown): RequestScope {
    this.#operations += 1;
    const own = `${this.#requestId}/${this.#operations}`;
    return openScope(
      requestId === undefined ? own : requestIdOf(requestId),
      this.#transport.tracer?.begin('subscribe', 'SERVER', { 'network.protocol.name': 'websocket' }, null) ?? null,
    );
  }

  async #subscribe(id: string, asked: Asked, requestId: unknown): Promise<void> {
    if (this.#phase === 'LEAVING') return; // requested again after 1012
    const session = this.#session;
    if (this.#phase !== 'READY' || !session) return this.close(closings.notAcknowledged);
    this.#subscriptions ??= new Map();
    if (this.#subscriptions.has(id)) return this.close(closings.idInUse);
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) return this.close(closings.tooManySubscriptions);
    const scope = this.#scopeOf(requestId);
    await inScope(scope, () => this.#run(id, asked, session, scope));
  }

  async #run(id: string, asked: Asked, session: Session, scope: RequestScope): Promise<void> {
    const { live } = this.#transport;
    const read = this.#read(asked, session);
    const isStream = !('errors' in read) && read.operation.operation === 'subscription' && live !== undefined;
    const subscription = new Subscription(this, id, isStream, scope);
    this.#subscriptions?.set(id, subscription);
    try {
      if (!(await session.isGood())) return this.close(closings.rightsEnded);
      if (subscription.isOver) return;
      if ('errors' in read) this.#refuse(subscription, read.errors);
      else if (isStream)
        await this.#follow(subscription, live, read, {
          ...read,
          variables: asked.variables,
          session,
          mode: this.#mode,
          reportsCost: this.#reportsCost || asked.reportsCost,
          address: this.#address,
        });
      else await this.#answer(subscription, read, asked, session);
    } catch (error) {
      this.#refuse(subscription, [errorOf(error)]);
    }
  }

  /** Every exception is sent: otherwise a client would wait for ever for a response. */
  #read(asked: Asked, { viewer }: Session): ReadOperation | { readonly errors: readonly unknown[] } {
    try {
      return readOperation(this.#transport, asked, viewer.role);
    } catch (error) {
      return { errors: [errorOf(error)] };
    }
  }

  async #follow(subscription: Subscription, live: Live, read: ReadOperation, request: StreamRequest): Promise<void> {
    const stream = await followOperation(this.#transport, 'websocket', live, read, request, subscription);
    if ('errors' in stream) this.#refuse(subscription, stream.errors);
    else subscription.stopsWith(() => stream.stop());
    endTrace(subscription.scope); // a stream may last for days
  }

  async #answer(subscription: Subscription, read: ReadOperation, asked: Asked, { viewer }: Session): Promise<void> {
    const abort = new AbortController();
    subscription.stopsWith(() => abort.abort());
    const answer = await answerOnce(this.#transport, read, asked, {
      transport: 'websocket',
      viewer,
      mode: this.#mode,
      reportsCost: this.#reportsCost,
      signal: abort.signal,
      address: this.#address,
    });
    if (typeof answer !== 'string') return this.#refuse(subscription, answer.errors);
    subscription.next(answer);
    subscription.complete();
  }

  /**
   * An `error` is final for a client's stream. A failure that may pass ends the connection instead, which the client
   * opens again.
   */
  #refuse(subscription: Subscription, errors: readonly unknown[]): void {
    const delivered = formatRefusal(this.#transport, 'websocket', errors);
    const { code, retryable, retryAfter } = delivered[0]?.extensions ?? {};
    if (subscription.isStream && !subscription.isOver && retryable === true)
      this.close(
        code === 'RATE_LIMITED'
          ? [closings.unavailable[0], `RATE_LIMITED: come back in ${String(retryAfter ?? RETRY_AFTER_SECONDS)} s.`]
          : closings.unavailable,
      );
    else subscription.fail(delivered);
  }

  // --- outgoing -----------------------------------------------------------------------------------------------------

  send(text: string): void {
    if (this.#phase === 'CLOSED') return;
    // Messages of one turn are one write to the network.
    if (this.#network.writableCorked === 0) {
      this.#network.cork();
      process.nextTick(uncork, this.#network);
    }
    this.#socket.send(Buffer.from(text), asText);
  }

  waiting(): number {
    return this.#socket.bufferedAmount;
  }

  drained(): Promise<void> {
    const network = this.#network;
    if (!network.writableNeedDrain) return Promise.resolve();
    this.#drained ??= new Promise((resolve) => {
      const done = (): void => {
        network.off('drain', done).off('close', done);
        this.#drained = null;
        resolve();
      };
      network.on('drain', done).on('close', done);
    });
    return this.#drained;
  }

  /** Ends and closes everything, after what was sent before. */
  close([code, reason]: Closing): void {
    if (this.#phase === 'CLOSED') return;
    this.#letGo();
    this.#socket.resume(); // or the client's own close frame would not be read
    this.#socket.close(code, Buffer.byteLength(reason) > MAX_REASON_BYTES ? '' : reason);
  }

  /** For a client that exceeds a limit: the server does not wait for its close frame. */
  #closeOn(why: Closing): void {
    if (this.#phase === 'CLOSED') return;
    this.close(why);
    setTimeout(() => this.terminate(), NOTICE_MS).unref();
  }

  closeFor(why: 'SLOW_CONSUMER' | 'UNAUTHENTICATED', cursor: string | null): void {
    this.close(why === 'SLOW_CONSUMER' ? [closings.tooSlow[0], cursor ?? ''] : closings.rightsEnded);
  }

  /** Streams end at once; pending responses are still sent. */
  goAway(): void {
    if (this.#phase === 'CLOSED') return;
    this.#phase = 'LEAVING';
    this.#stopWaiting();
    for (const subscription of this.#subscriptions?.values() ?? []) if (subscription.isStream) subscription.stop();
    this.#closeIfGone();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Called often; it acts every heartbeat. */
  beat(at: number, today: number): void {
    if (this.#phase === 'CLOSED') return;
    const expires = this.#session?.expires ?? null;
    if (expires !== null && expires <= today) return this.close(closings.rightsEnded);
    if (this.#partial > 0 && at - this.#partialSince > this.#transport.timing.messageMs)
      return this.#closeOn(closings.messageTimeout);
    if (at < this.#beatAt) return;
    this.#beatAt = at + this.#transport.timing.heartbeatMs;
    this.#chatter = 0;
    if (this.#unanswered >= MAX_UNANSWERED) return this.terminate();
    this.#unanswered += 1;
    this.#socket.ping();
  }

  forget(id: string): void {
    this.#subscriptions?.delete(id);
    this.#closeIfGone();
  }

  #closeIfGone(): void {
    if (this.#phase === 'LEAVING' && !this.#subscriptions?.size) this.close(closings.goingAway);
  }

  #isIn(phase: 'INITIALISING'): boolean {
    return this.#phase === phase;
  }

  #stopWaiting(): void {
    if (this.#initTimer) clearTimeout(this.#initTimer);
    this.#initTimer = null;
  }

  #letGo(): void {
    this.#phase = 'CLOSED';
    this.#stopWaiting();
    const subscriptions = this.#subscriptions;
    this.#subscriptions = null;
    for (const subscription of subscriptions?.values() ?? []) subscription.stop();
  }
}

const uncork = (network: Duplex): void => network.uncork();

/** One `subscribe` in progress: a stream, or a pending response. */
class Subscription implements Sink {
  readonly #connection: Connection;
  readonly #id: string;
  /** The beginning of each of its messages. */
  readonly #opening: string;
  #stop: (() => void) | null = null;
  isOver = false;
  /** False: a pending response. */
  readonly isStream: boolean;
  /** It ends with this. */
  readonly scope: RequestScope;

  constructor(connection: Connection, id: string, isStream: boolean, scope: RequestScope) {
    this.scope = scope;
    this.#connection = connection;
    this.isStream = isStream;
    this.#id = id;
    this.#opening = `{"id":${JSON.stringify(id)},"type":"`;
  }

  /** `stop` ends it when the client or the connection does. */
  stopsWith(stop: () => void): void {
    if (this.isOver) stop();
    else this.#stop = stop;
  }

  next(json: string): void {
    if (!this.isOver) this.#connection.send(`${this.#opening}next","payload":${json}}`);
  }

  waiting(): number {
    return this.#connection.waiting();
  }

  drained(): Promise<void> {
    return this.#connection.drained();
  }

  end(reason: StreamEnd, cursor: string | null): void {
    if (this.isOver) return;
    switch (reason) {
      case 'SLOW_CONSUMER':
      case 'UNAUTHENTICATED':
        return this.#connection.closeFor(reason, cursor);
      case 'GOING_AWAY':
        return this.#connection.goAway();
      case 'WITHDRAWN':
        return this.fail([
          {
            message: 'The document that this stream was asked by is not published any more.',
            extensions: { code: 'DOCUMENT_NOT_FOUND', ...(cursor === null ? null : { cursor }) },
          },
        ]);
      case 'FAILED':
        return this.fail([
          {
            message: 'Internal error',
            extensions: { code: 'INTERNAL_SERVER_ERROR', ...(cursor === null ? null : { cursor }) },
          },
        ]);
      case 'CURSOR_EXPIRED':
      case 'COMPLETED':
        return this.complete();
    }
  }

  complete(): void {
    this.#say('complete', '');
  }

  fail(errors: readonly unknown[]): void {
    this.#say('error', `,"payload":${JSON.stringify(errors)}`);
  }

  /** Without a message: the client has ended it, or the connection goes. */
  stop(): void {
    if (this.isOver) return;
    this.isOver = true;
    closeScope(this.scope);
    this.#stop?.();
    this.#connection.forget(this.#id);
  }

  #say(type: 'complete' | 'error', rest: string): void {
    if (this.isOver) return;
    this.#connection.send(`${this.#opening}${type}"${rest}}`);
    this.isOver = true;
    closeScope(this.scope);
    this.#connection.forget(this.#id);
  }
}

/** Null: it is no message of the protocol that a client sends. */
function readMessage(text: string): Message | null {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(given)) return null;
  const { type, id, payload } = given;
  if (type === 'connection_init' && textProblem('payload', payload)) return null;
  switch (type) {
    case 'connection_init':
    case 'ping':
    case 'pong':
      return payload === undefined || payload === null || isRecord(payload) ? { type, payload } : null;
    case 'complete':
      return isId(id) ? { type, id } : null;
    case 'subscribe': {
      const asked = readAsked(payload);
      if (!asked || !isId(id)) return null;
      const { extensions } = payload as { extensions?: Record<string, unknown> | null }; // read above
      return { type, id, payload: asked, requestId: extensions?.['x-request-id'] };
    }
    default:
      return null;
  }
}

const isId = (id: unknown): id is string => typeof id === 'string' && id !== '' && id.length <= MAX_ID;

/** Credentials of `connection_init` take precedence over the headers of the upgrade. */
function overriding(headers: Credentials, payload: Record<string, unknown>): Credentials {
  // Clients vary the case of header names. A client that means to present a token must not count as the public because
  // its header is spelt differently.
  const stated = (header: string): string | undefined => {
    const values = Object.entries(payload).filter(
      ([name, value]) => name.toLowerCase() === header && value !== null && value !== undefined,
    );
    const [first] = values;
    return first && (values.length === 1 && typeof first[1] === 'string' ? first[1] : '');
  };
  return {
    authorization: stated('authorization') ?? headers.authorization,
    purpose: stated('x-purpose') ?? headers.purpose,
    rejects: stated('x-unauthorized') === 'reject' || headers.rejects,
    reportsCost: stated('x-cost') === 'report' || headers.reportsCost,
  };
}

/** As much of a sentence as the reason of a closing frame holds (RFC 6455 §5.5.1). */
function cutToReason(sentence: string): string {
  if (Buffer.byteLength(sentence) <= MAX_REASON_BYTES) return sentence;
  let cut = sentence.slice(0, MAX_REASON_BYTES - 3);
  while (Buffer.byteLength(cut) > MAX_REASON_BYTES - 3) cut = cut.slice(0, -1);
  return `${cut}…`;
}
