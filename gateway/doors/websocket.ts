import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError } from 'graphql';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';
import { closeScope, endTrace, inScope, openScope, requestIdOf, type RequestScope } from '#kit/telemetry/scope.ts';
import { textProblem } from '#kit/text.ts';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { errorOf, RETRY_AFTER_SECONDS } from '../errors.ts';
import type { Live, Session, Sink, StreamEnd, StreamRequest } from '../live/subscriber.ts';
import { answerOn } from '../http/rawAnswer.ts';
import { type Asked, answerOnce, type Credentials, credentialsIn, type DoorOptions, followOperation, holderOf, isRecord, type ReadOperation, readAsked, readOperation, tellRefusal } from './operation.ts';

// graphql-transport-ws (docs/PROTOCOL.md; docs/adr/0016-following-changes.md says why it is our own). A connection that only waits costs
// its socket and one object: timers and lists are there while they are needed.

export const SUB_PROTOCOL = 'graphql-transport-ws';

/** As a body of the HTTP door: a batch of 1 000 rows in the variables. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Of the messages before `connection_ack`: a token and a purpose. */
const MAX_FIRST_MESSAGE_BYTES = 64 * 1024;
const MAX_SUBSCRIPTIONS = 100;
/** Connections that have not sent `connection_init` yet, of everybody together. */
const MAX_UNINITIALISED = 1000;
/** Longer than any client makes them: each is kept and repeated in every message. */
const MAX_ID = 256;
/** Of a message of the public, as of a body without a token. */
const MAX_ANONYMOUS_BYTES = 256 * 1024;
/** Pings, pongs and completes within a heartbeat: a client sends a handful, and each costs as much as a small answer. */
const MAX_CHATTER = 2000;
/** How long it is told why. */
const TELLING_MS = 1000;
/** Of a frame that a client masks, beside its text, when that is short. */
const CLIENT_FRAME_BYTES = 6;
/** Nothing more is read from a client that lets so much wait which it asked for. */
const MAX_WAITING_BYTES = 1024 * 1024;
/** RFC 6455 §5.5: a control frame has at most 125 bytes, two of them for the code. */
const MAX_REASON_BYTES = 123;

export interface WebSocketTiming {
  /** From the upgrade to `connection_init`. */
  readonly initMs: number;
  readonly heartbeatMs: number;
  /** From the first byte of a message to its last. */
  readonly messageMs: number;
  /** What clients get for closing, and operations for ending, when this instance goes away. */
  readonly drainMs: number;
}

const standardTiming: WebSocketTiming = { initMs: 10_000, heartbeatMs: 15_000, messageMs: 30_000, drainMs: 5000 };

/** More pings than this without a word of the client and it is gone. Not one: before a slow reader a ping waits behind data in its network. */
const MAX_UNANSWERED = 3;

/**
 * The table of docs/PROTOCOL.md. A reason is for whoever reads a log; clients go by the code. Those that graphql-ws takes for fatal
 * (4400, 4401, 4406, 4409, 4429) are for what stays wrong however often it is tried; after all others it connects again.
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

/** Why a connection is told to come back later. */
interface Problem {
  readonly code: 'RATE_LIMITED' | 'BUSY';
  readonly message: string;
}

export interface WebSocketDoor extends AsyncDisposable {
  /** For the `upgrade` event of an HTTP server. @param problem why there is no room for it: it is told with 1013 */
  upgrade(request: IncomingMessage, network: Duplex, head: Buffer, problem?: Problem | null): void;
  readonly connections: () => number;
}

interface Door extends DoorOptions {
  readonly timing: WebSocketTiming;
  /** All that are not closed yet. */
  readonly open: Set<Connection>;
  /** Those of them that have not sent `connection_init`. */
  readonly uninitialised: Set<Connection>;
  readonly hasClosed: (connection: Connection) => void;
}

export function createWebSocketDoor(options: DoorOptions & { readonly timing?: Partial<WebSocketTiming> }): WebSocketDoor {
  const open = new Set<Connection>();
  const emptied = Promise.withResolvers<void>();
  let isLeaving = false;
  const uninitialised = new Set<Connection>();
  const hasClosed = (connection: Connection): void => {
    open.delete(connection);
    uninitialised.delete(connection);
    if (isLeaving && open.size === 0) emptied.resolve();
  };
  const door: Door = { ...options, timing: { ...standardTiming, ...options.timing }, open, uninitialised, hasClosed };

  // No compression: it costs a window of memory for each connection, and one secret beside another's text can be guessed by lengths.
  // Of several sub-protocols ours; of none of ours the first, since a client learns of 4406 only after one was agreed on.
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false, // or pongs for whoever reads none would be heaped up without an end
    maxPayload: MAX_MESSAGE_BYTES,
    handleProtocols: (offered) => (offered.has(SUB_PROTOCOL) ? SUB_PROTOCOL : ([...offered][0] ?? false)),
  });
  server.on('wsClientError', ({ message }, socket) => answerOn(socket, '400 Bad Request', `${message}.`, ['sec-websocket-version: 13']));
  server.on('headers', (headers, request) => headers.push(`x-request-id: ${request.headers['x-request-id']}`));
  const heart = setInterval(() => {
    const at = performance.now();
    const today = options.now().getTime();
    for (const connection of open) connection.beat(at, today);
  }, door.timing.heartbeatMs / 15).unref();

  return {
    connections: () => open.size,
    upgrade(request, network, head, problem = null) {
      const requestId = requestIdOf(request.headers['x-request-id']);
      request.headers['x-request-id'] = requestId; // for the handshake's answer
      server.handleUpgrade(request, network, head, (socket) => {
        const connection = new Connection(door, socket, network, credentialsIn(request), requestId);
        open.add(connection);
        // After the handshake: in a client the refusal of a handshake is an error without a code, and not tried again.
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
      }, door.timing.drainMs);
      await emptied.promise;
      clearTimeout(deadline);
    },
  };
}

const asText = { binary: false } as const;

class Connection {
  readonly #door: Door;
  readonly #socket: WebSocket;
  readonly #network: Duplex;
  #phase: 'OPENED' | 'INITIALISING' | 'READY' | 'LEAVING' | 'CLOSED' = 'OPENED';
  /** What the upgrade said, until `connection_init` has said the rest. */
  #credentials: Credentials | null;
  #initTimer: NodeJS.Timeout | null;
  #session: Session | null = null;
  #address: string | undefined;
  #mode: 'filter' | 'reject';
  #reportsCost: boolean;
  #subscriptions: Map<string, Subscription> | null = null;
  #beatAt: number;
  /** Pings since the client was last heard of. */
  #unanswered = 0;
  #drained: Promise<void> | null = null;
  /** Bytes that have come since the last whole message, and when the first of them did. */
  #partial = 0;
  #partialSince = 0;
  /** Messages since the last heartbeat that nothing is asked with. */
  #chatter = 0;
  /** Places that it holds of the quota. */
  readonly #places: (() => void)[] = [];
  /** Of the handshake. Operations have it with their number, unless they bring one of their own. */
  readonly #requestId: string;
  #operations = 0;

  constructor(door: Door, socket: WebSocket, network: Duplex, credentials: Credentials, requestId: string) {
    this.#requestId = requestId;
    this.#door = door;
    this.#socket = socket;
    this.#network = network;
    this.#credentials = credentials;
    this.#mode = credentials.rejects ? 'reject' : door.policyMode;
    this.#reportsCost = credentials.reportsCost;
    this.#beatAt = performance.now() + door.timing.heartbeatMs;
    this.#initTimer = setTimeout(() => this.close(closings.initialisationTimeout), door.timing.initMs).unref();
    socket.on('message', (data, isBinary) => this.#guarded(() => this.#receive(data, isBinary)));
    socket.on('ping', (data: Buffer) => this.#hearControl(data, () => socket.pong(data)));
    socket.on('pong', (data: Buffer) => this.#hearControl(data, () => {}));
    // Before ws reads them: what is left of a message that has not come to its end.
    network.prependListener('data', (bytes: Buffer) => this.#count(bytes.length));
    // A frame that is none, or too large a message: ws closes with the code of RFC 6455 (1002, 1007, 1009).
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#letGo();
      for (const release of this.#places) release();
      door.hasClosed(this);
    });
    if (socket.protocol !== SUB_PROTOCOL) this.close(closings.subProtocol);
  }

  /** Closes it again where there are too many. */
  admit(address: string | undefined): void {
    const { uninitialised, quota } = this.#door;
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
    this.#door.metrics?.refused('websocket', code);
    this.close([closings.unavailable[0], `${code}: ${message}`]);
  }

  // --- what comes in ------------------------------------------------------------------------------------------------

  /** Whatever a handler throws ends this connection, and nothing else. */
  #guarded(handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#door.log.error({ err: error }, 'a message could not be handled');
      this.close(closings.failed);
    }
  }

  #count(bytes: number): void {
    if (this.#partial === 0) this.#partialSince = performance.now();
    this.#partial += bytes;
    const most = this.#mostBytes();
    if (this.#partial > 2 * most) this.terminate(); // it goes on although it was closed
    else if (this.#partial > most) this.#closeOn([1009, `A message has at most ${most} bytes here.`]);
  }

  /** With what frames cost beside their text. */
  #mostBytes(): number {
    if (this.#session === null) return 2 * MAX_FIRST_MESSAGE_BYTES;
    return this.#session.viewer.organisation === null ? MAX_ANONYMOUS_BYTES : 2 * MAX_MESSAGE_BYTES;
  }

  #hearControl(data: Buffer, answer: () => void): void {
    this.#unanswered = 0;
    this.#partial = Math.max(0, this.#partial - data.length - CLIENT_FRAME_BYTES); // it may stand between two fragments of a message
    if (this.#phase === 'CLOSED' || !this.#mayChatter()) return;
    answer();
    this.#rest();
  }

  /** What costs no points is bounded in number. */
  #mayChatter(): boolean {
    this.#chatter += 1;
    if (this.#chatter > MAX_CHATTER) this.#closeOn(closings.tooManyMessages);
    return this.#chatter <= MAX_CHATTER;
  }

  /** Answers to whoever asks and does not read are not heaped up; what it sends waits in its own network meanwhile. */
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
    if (text === null || (this.#session === null && text.length > MAX_FIRST_MESSAGE_BYTES)) return this.close(closings.badMessage);
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
    this.#door.uninitialised.delete(this);
    this.#stopWaiting();
    const { authorization, purpose, rejects, reportsCost } = overriding(headers, payload ?? {});
    if (rejects) this.#mode = 'reject';
    this.#reportsCost = reportsCost;
    try {
      this.#session = await this.#door.authenticator.session(authorization, purpose);
    } catch (error) {
      if (error instanceof GraphQLError) return this.close([4403, cutToReason(error.message)]);
      this.#door.log.error({ err: error }, 'a connection could not be begun');
      return this.close(closings.cannotSay);
    }
    if (!this.#isIn('INITIALISING')) return; // it has closed meanwhile
    this.#take(this.#door.quota.take(holderOf(this.#session)));
    if (!this.#isIn('INITIALISING')) return; // one too many
    this.#phase = 'READY';
    this.send('{"type":"connection_ack"}');
  }

  #scopeOf(requestId: unknown): RequestScope {
    this.#operations += 1;
    const own = `${this.#requestId}/${this.#operations}`;
    return openScope(requestId === undefined ? own : requestIdOf(requestId), this.#door.tracer?.begin('subscribe', 'SERVER', { 'network.protocol.name': 'websocket' }, null) ?? null);
  }

  async #subscribe(id: string, asked: Asked, requestId: unknown): Promise<void> {
    if (this.#phase === 'LEAVING') return; // asked again after 1012
    const session = this.#session;
    if (this.#phase !== 'READY' || !session) return this.close(closings.notAcknowledged);
    this.#subscriptions ??= new Map();
    if (this.#subscriptions.has(id)) return this.close(closings.idInUse);
    if (this.#subscriptions.size >= MAX_SUBSCRIPTIONS) return this.close(closings.tooManySubscriptions);
    const scope = this.#scopeOf(requestId);
    await inScope(scope, () => this.#run(id, asked, session, scope));
  }

  async #run(id: string, asked: Asked, session: Session, scope: RequestScope): Promise<void> {
    const { live } = this.#door;
    const read = this.#read(asked, session);
    const isStream = !('errors' in read) && read.operation.operation === 'subscription' && live !== undefined;
    const subscription = new Subscription(this, id, isStream, scope);
    this.#subscriptions?.set(id, subscription);
    try {
      if (!(await session.isGood())) return this.close(closings.rightsEnded);
      if (subscription.isOver) return;
      if ('errors' in read) this.#refuse(subscription, read.errors);
      else if (isStream) await this.#follow(subscription, live, read, { ...read, variables: asked.variables, session, mode: this.#mode, reportsCost: this.#reportsCost || asked.reportsCost, address: this.#address });
      else await this.#answer(subscription, read, asked, session);
    } catch (error) {
      this.#refuse(subscription, [errorOf(error)]);
    }
  }

  /** Whatever is thrown is told: a client would wait for ever for an answer that does not come. */
  #read(asked: Asked, { viewer }: Session): ReadOperation | { readonly errors: readonly unknown[] } {
    try {
      return readOperation(this.#door, asked, viewer.role);
    } catch (error) {
      return { errors: [errorOf(error)] };
    }
  }

  async #follow(subscription: Subscription, live: Live, read: ReadOperation, request: StreamRequest): Promise<void> {
    const stream = await followOperation(this.#door, 'websocket', live, read, request, subscription);
    if ('errors' in stream) this.#refuse(subscription, stream.errors);
    else subscription.stopsWith(() => stream.stop());
    endTrace(subscription.scope); // a stream may last for days
  }

  async #answer(subscription: Subscription, read: ReadOperation, asked: Asked, { viewer }: Session): Promise<void> {
    const abort = new AbortController();
    subscription.stopsWith(() => abort.abort());
    const answer = await answerOnce(this.#door, read, asked, { transport: 'websocket', viewer, mode: this.#mode, reportsCost: this.#reportsCost, signal: abort.signal, address: this.#address });
    if (typeof answer !== 'string') return this.#refuse(subscription, answer.errors);
    subscription.next(answer);
    subscription.complete();
  }

  /** An `error` is final for a client's stream: one that only cannot be had now ends the connection, which the client opens again. */
  #refuse(subscription: Subscription, errors: readonly unknown[]): void {
    const told = tellRefusal(this.#door, 'websocket', errors);
    const { code, retryable, retryAfter } = told[0]?.extensions ?? {};
    if (subscription.isStream && !subscription.isOver && retryable === true)
      this.close(code === 'RATE_LIMITED' ? [closings.unavailable[0], `RATE_LIMITED: come back in ${String(retryAfter ?? RETRY_AFTER_SECONDS)} s.`] : closings.unavailable);
    else subscription.fail(told);
  }

  // --- what goes out ------------------------------------------------------------------------------------------------

  send(text: string): void {
    if (this.#phase === 'CLOSED') return;
    // What is sent in one go is one write to the network.
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

  /** Ends and closes everything, with what was sent before. */
  close([code, reason]: Closing): void {
    if (this.#phase === 'CLOSED') return;
    this.#letGo();
    this.#socket.resume(); // or the client's own closing would not be heard
    this.#socket.close(code, Buffer.byteLength(reason) > MAX_REASON_BYTES ? '' : reason);
  }

  /** Of a client that keeps no measure: it is not waited for until it closes its side. */
  #closeOn(why: Closing): void {
    if (this.#phase === 'CLOSED') return;
    this.close(why);
    setTimeout(() => this.terminate(), TELLING_MS).unref();
  }

  closeFor(why: 'SLOW_CONSUMER' | 'UNAUTHENTICATED', cursor: string | null): void {
    this.close(why === 'SLOW_CONSUMER' ? [closings.tooSlow[0], cursor ?? ''] : closings.rightsEnded);
  }

  /** Streams end at once; what is being answered is still answered. */
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

  /** Called often; does something every heartbeat. */
  beat(at: number, today: number): void {
    if (this.#phase === 'CLOSED') return;
    const expires = this.#session?.expires ?? null;
    if (expires !== null && expires <= today) return this.close(closings.rightsEnded);
    if (this.#partial > 0 && at - this.#partialSince > this.#door.timing.messageMs) return this.#closeOn(closings.messageTimeout);
    if (at < this.#beatAt) return;
    this.#beatAt = at + this.#door.timing.heartbeatMs;
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

/** One `subscribe` that is under way: a stream, or an answer that is awaited. */
class Subscription implements Sink {
  readonly #connection: Connection;
  readonly #id: string;
  /** How each of its messages begins. */
  readonly #opening: string;
  #stop: (() => void) | null = null;
  isOver = false;
  /** Or an answer that is awaited. */
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

  /** `stop`: what ends it when the client or the connection does. */
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
        return this.fail([{ message: 'The document that this stream was asked by is not published any more.', extensions: { code: 'DOCUMENT_NOT_FOUND', ...(cursor === null ? null : { cursor }) } }]);
      case 'FAILED':
        return this.fail([{ message: 'Internal error', extensions: { code: 'INTERNAL_SERVER_ERROR', ...(cursor === null ? null : { cursor }) } }]);
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

  /** Without a word: the client has ended it, or the connection goes. */
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

/** Null: no message of the protocol that a client sends. */
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

/** What `connection_init` says comes before what the headers of the upgrade say. */
function overriding(headers: Credentials, payload: Record<string, unknown>): Credentials {
  // Clients write header names as they like. Who means to show a token must not pass for the public since it stands under another name.
  const said = (header: string): string | undefined => {
    const values = Object.entries(payload).filter(([name, value]) => name.toLowerCase() === header && value !== null && value !== undefined);
    const [first] = values;
    return first && (values.length === 1 && typeof first[1] === 'string' ? first[1] : '');
  };
  return {
    authorization: said('authorization') ?? headers.authorization,
    purpose: said('x-purpose') ?? headers.purpose,
    rejects: said('x-unauthorized') === 'reject' || headers.rejects,
    reportsCost: said('x-cost') === 'report' || headers.reportsCost,
  };
}

/** As much of a sentence as the reason of a closing frame holds (RFC 6455 §5.5.1). */
function cutToReason(sentence: string): string {
  if (Buffer.byteLength(sentence) <= MAX_REASON_BYTES) return sentence;
  let cut = sentence.slice(0, MAX_REASON_BYTES - 3);
  while (Buffer.byteLength(cut) > MAX_REASON_BYTES - 3) cut = cut.slice(0, -1);
  return `${cut}…`;
}
