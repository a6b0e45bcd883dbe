import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginLandingPageDisabled } from '@apollo/server/plugin/disabled';
import { fastifyApolloDrainPlugin, fastifyApolloHandler } from '@as-integrations/fastify';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type DocumentNode, GraphQLError } from 'graphql';
import { createByteCache } from '#kit/byteCache.ts';
import { createDrain } from '#kit/drain.ts';
import { clientError } from '#kit/errors.ts';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';
import { isUtf8 } from 'node:buffer';
import { type IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';
import type { Log } from '#kit/log.ts';
import { closeScope, inScope, openScope, type RequestScope, requestIdOf, type Tracer, traceparentIn } from '#kit/telemetry/scope.ts';
import { standardBudgets } from '#policy/budgets.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from './auth.ts';
import { type Budgets, type BudgetState, createMemoryBudgets } from './budget/budgets.ts';
import { rateLimitHeaders } from './budget/refusal.ts';
import { bytesOf, createDocuments, type Documents } from './documents.ts';
import { type ClientAddresses, createClientAddresses } from './http/address.ts';
import { answerBytes } from './http/answerBytes.ts';
import { createBodies } from './http/bodies.ts';
import { type ConnectionLimits, guardConnections, type WritingLimits } from './http/connections.ts';
import { type Load, watchLoad } from './http/load.ts';
import { answerText, type Asked, type Credentials, credentialsIn, type DoorOptions, openBill, type OperationMetrics, type ReadOperation, readOperation, runOperation, tellRefusal } from './doors/operation.ts';
import { asksForEvents, createEventDoor, readRequest } from './doors/sse.ts';
import { createWebSocketDoor } from './doors/websocket.ts';
import { createErrorWords, errorOf, headOf, unavailable } from './errors.ts';
import type { Answer, Graph } from './graph.ts';
import { countOfTypes } from './graph/cost/estimate.ts';
import { charsetProblem, codingProblem, UTF_8 } from './http/charset.ts';
import { answerOn } from './http/rawAnswer.ts';
import type { Readiness } from './http/readiness.ts';
import { createStreamQuota, standardStreamLimits, type StreamLimits } from './http/streamQuota.ts';
import type { Limits } from './limits.ts';
import type { Live } from './live/subscriber.ts';
import type { SourceBook } from './sources.ts';
import { createCacheRule, MAX_AGE_SECONDS } from './trustedDocuments/cacheable.ts';
import { nothingPublished, type TrustedDocuments } from './trustedDocuments/store.ts';

export interface RequestContext {
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  readonly reportsCost: boolean;
  readonly signal: AbortSignal;
  readonly address: string | undefined;
  /** Says in the answer's headers what is left of the budget. */
  readonly headers: (budget: BudgetState | undefined) => void;
}

export interface ServerOptions {
  readonly host: string;
  readonly port: number;
  readonly graph: Graph;
  readonly sources: SourceBook;
  /** What `/health/ready` answers; left out: that all is well. */
  readonly readiness?: () => Promise<Readiness>;
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  /** Those of the process, within the same limits; left out: of its own. */
  readonly documents?: Documents;
  /** What was published; left out: nothing, and every text runs. */
  readonly trusted?: TrustedDocuments;
  readonly policyMode: 'filter' | 'reject';
  /** What callers may ask for; left out: each as much as its role has, counted here. */
  readonly budgets?: Budgets | undefined;
  /** Whose request it is where proxies stand before the gateway; left out: the connection's other end. */
  readonly addresses?: ClientAddresses | undefined;
  /** Left out: the standard ones of each. */
  readonly connectionLimits?: ConnectionLimits | undefined;
  readonly writingLimits?: WritingLimits | undefined;
  readonly timing?: Partial<RequestTiming> | undefined;
  /** Whether the event loop still bears new work; left out: as it is measured. */
  readonly load?: Load | undefined;
  /** How many connections and streams one caller may hold at once; standardStreamLimits unless said otherwise. */
  readonly streamLimits?: StreamLimits | undefined;
  /** Without it subscriptions are refused at every door. It ends its streams before the doors are closed, or they do. */
  readonly live?: Live | undefined;
  readonly now?: () => Date;
  /** What is counted of operations; left out: nothing is. */
  readonly metrics?: OperationMetrics;
  /** Left out: nothing is traced. `clients`: whether a client's trace goes on in ours, or is only pointed at. */
  readonly tracing?: { readonly tracer: Tracer | null; readonly clients: 'parent' | 'link' };
  /** Further routes: filings, explorer. */
  readonly routes: readonly ((app: FastifyInstance, viewerOf: (request: FastifyRequest) => Promise<Viewer>) => Promise<void>)[];
  readonly log: Log;
}

export interface GatewayServer extends AsyncDisposable {
  readonly url: string;
  /** How many connections are held. */
  readonly connections: () => number;
}

/** A batch of 1 000 rows in the variables (`fileRecords`); the text of a query is bounded by the limits. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Of whoever shows no token: the longest text of a query, and as much again in variables as a thousand codes take. */
const MAX_ANONYMOUS_BYTES = 256 * 1024;

/** How long a client has for each step of a request. Answers have the deadline of their operation, and are to be read (http/connections.ts). */
export interface RequestTiming {
  readonly headersMs: number;
  readonly requestMs: number;
}

const standardTiming: RequestTiming = { headersMs: 10_000, requestMs: 120_000 };
/** A connection that is kept for a next request: longer than load balancers keep theirs, or they would lose one that was just sent. */
const KEEP_ALIVE_MS = 72_000;

const tooLarge = (most: number): GraphQLError => {
  const size = most < 1024 * 1024 ? `${most / 1024} KB without a token` : `${most / 1024 / 1024} MB`;
  return new GraphQLError(`The body of this request has at most ${size}; larger files are filed in parts.`, { extensions: { code: 'BODY_TOO_LARGE', expected: `at most ${most} bytes`, http: { status: 413 } } });
};

const OVERLOADED = 'Too much is asked at once: ask again.';
const busy = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: 'BUSY', retryable: true, http: { status: 503 } } });

/** Passes on so many bytes, and fails with BODY_TOO_LARGE at the next. */
function limitedTo(most: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > most) done(tooLarge(most));
      else done(null, chunk);
    },
  });
}

/**
 * Nothing is kept by anybody on the way but what says that it may be, refusals least of all. Set where every answer begins: some are worded by
 * Fastify, by Apollo Server or by Node itself, before any hook of ours.
 */
class UnstoredResponse<Request extends IncomingMessage = IncomingMessage> extends ServerResponse<Request> {
  // Not set from the start: Node then looks at each further header by itself.
  override writeHead(status: number, ...given: unknown[]): this {
    const headers = given.at(-1);
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) this.#unstored();
    else if (!('cache-control' in headers)) (headers as OutgoingHttpHeaders)['cache-control'] = String(this.getHeader('cache-control') ?? 'no-store');
    return super.writeHead(status, ...(given as [OutgoingHttpHeaders]));
  }

  #unstored(): void {
    if (!this.hasHeader('cache-control')) this.setHeader('cache-control', 'no-store');
  }
}

/** What is known of a request while it is answered. */
class Exchange {
  readonly scope: RequestScope;
  readonly credentials: Credentials;
  viewer: Promise<Viewer> | null = null;
  context: Promise<RequestContext> | null = null;
  /** Ends what runs for it when its client goes. */
  abort: AbortController | null = null;
  /** Gives back the room that its body takes. */
  release: (() => void) | null = null;

  constructor(scope: RequestScope, credentials: Credentials) {
    this.scope = scope;
    this.credentials = credentials;
  }

  end({ statusCode, writableFinished }: ServerResponse): void {
    if (!writableFinished) this.abort?.abort();
    this.release?.();
    this.scope.span?.set({ 'http.response.status_code': statusCode });
    closeScope(this.scope, statusCode >= 500 ? String(statusCode) : undefined);
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the first hook of every request. */
    exchange: Exchange;
  }
}

/** An error of the framework as one of ours. */
function requestError({ statusCode: status = 500, message }: FastifyError): GraphQLError {
  const error = (text: string, code: string): GraphQLError => new GraphQLError(text, { extensions: { code, http: { status } } });
  if (status === 413) return tooLarge(MAX_BODY_BYTES);
  return status < 500 ? error(message, 'BAD_REQUEST') : error('Internal error', 'INTERNAL_SERVER_ERROR');
}

/** What Node's parser refuses before there is a request: the socket is all there is. @param code of the parser's error */
function answerUnreadable(code: string, socket: Socket, timing: RequestTiming): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, message] = unreadable(timing)[code] ?? ['400 Bad Request', 'What was sent is no HTTP request.'];
  answerOn(socket, status, message);
}

const unreadable = ({ headersMs, requestMs }: RequestTiming): Readonly<Record<string, readonly [status: string, message: string]>> => ({
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The address and the headers of a request have at most 16 KB: send the query by POST.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', `The headers of a request are sent within ${headersMs / 1000} seconds, all of it within ${requestMs / 1000}.`],
});

/** What is worded for clients that read application/json alone: 200 with the errors (GraphQL over HTTP §6.4.1). */
const OF_THE_OPERATION: ReadonlySet<unknown> = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'BAD_USER_INPUT']);
const statusFor = (status: number, accept: string, code: unknown): number =>
  status === 400 && accept.includes('application/json') && !accept.includes('application/graphql-response+json') && OF_THE_OPERATION.has(code) ? 200 : status;

/** Whether Apollo Server has nothing to negotiate or to prevent: JSON is sent and JSON is awaited. */
const isPlain = ({ method, headers: { 'content-type': contentType, accept } }: FastifyRequest): boolean =>
  method === 'POST' && (contentType === 'application/json' || contentType?.startsWith('application/json;') === true) && (accept === undefined || accept === '*/*' || accept === 'application/json');

/** Apollo Server keeps documents of its own, which nothing runs: no more of them than it takes not to parse those again that are asked often. */
const MAX_APOLLO_BYTES = 8 * 1024 * 1024;

function createApolloDocuments() {
  const documents = createByteCache<DocumentNode>(MAX_APOLLO_BYTES);
  return {
    get: (key: string) => Promise.resolve(documents.get(key)),
    set: (key: string, document: DocumentNode) => Promise.resolve(documents.set(key, document, bytesOf(document))),
    delete: (key: string) => Promise.resolve(documents.delete(key)),
  };
}
const mediaType = ({ headers: { accept = '' } }: FastifyRequest): string =>
  accept.includes('application/graphql-response+json') ? 'application/graphql-response+json; charset=utf-8' : 'application/json; charset=utf-8';

/** The HTTP doors of the gateway. Rules stand in graph.ts and limits.ts, which every door calls; nothing here decides. */
export async function serveGateway(options: ServerOptions): Promise<GatewayServer> {
  const { graph, authenticator, log } = options;
  const timing = { ...standardTiming, ...options.timing };
  const addresses = options.addresses ?? createClientAddresses([]);
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: false,
    logger: false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    requestTimeout: timing.requestMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    clientErrorHandler: (error, socket) => answerUnreadable(error.code, socket as Socket, timing),
    frameworkErrors: (error, request, reply) => refuse(request, reply.header('x-request-id', request.id), [requestError(error)]), // an address that is no text
    return503OnClosing: false, // said in GraphQL's form below
    // All other upgrades are declined by answering as if they were not offered: Java's client offers h2c with every first request.
    http: {
      headersTimeout: timing.headersMs,
      connectionsCheckingInterval: timing.headersMs / 2,
      shouldUpgradeCallback: ({ url, headers }) => headers.upgrade?.toLowerCase() === 'websocket' && /^\/graphql(?:\?|$)/.test(url ?? ''),
      ServerResponse: UnstoredResponse,
    },
  });
  app.decorateRequest('exchange', null as never); // by the first hook
  const words = createErrorWords(log);
  const { tracer, clients } = options.tracing ?? { tracer: null, clients: 'link' };
  const doors: DoorOptions = {
    graph, documents: options.documents ?? createDocuments(graph.schema, options.limits), trusted: options.trusted ?? nothingPublished, sources: options.sources, authenticator, live: options.live,
    quota: createStreamQuota(options.streamLimits ?? standardStreamLimits), words, policyMode: options.policyMode, log,
    budgets: options.budgets ?? createMemoryBudgets(standardBudgets),
    addresses,
    now: options.now ?? (() => new Date()), metrics: options.metrics, tracer,
  };
  const events = createEventDoor(doors);
  const sockets = createWebSocketDoor(doors);
  let isLeaving = false;

  // Bounded before it is parsed, since what is parsed is walked by many.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    if (!isUtf8(body as Buffer)) return done(new GraphQLError('The body is not UTF-8.', { extensions: { code: 'BAD_REQUEST', http: { status: 400 } } }), undefined);
    const text = (body as Buffer).toString('utf8');
    const problem = jsonBoundsProblem(text);
    if (problem === null) parseJson(request, text, done);
    else done(clientError('COST_LIMIT', problem, { expected: problem }), undefined);
  });

  const connections = guardConnections(app.server, { addresses, ...(options.connectionLimits ? { limits: options.connectionLimits } : null), ...(options.writingLimits ? { writing: options.writingLimits } : null) });
  const load = options.load ?? watchLoad();
  const bodies = createBodies();
  app.server.on('upgrade', (request, network, head) => {
    const problem = connections.problemOf(request);
    sockets.upgrade(request, network, head, problem === null ? (load.isTooMuch() ? { code: 'BUSY', message: OVERLOADED } : null) : { code: 'RATE_LIMITED', message: problem });
  });
  const drain = createDrain(app.server);

  // Looked at once for a request, before its body is read, and taken from here after that.
  const viewerOf = ({ exchange }: FastifyRequest): Promise<Viewer> => (exchange.viewer ??= viewerBy(exchange.credentials));
  const viewerBy = ({ authorization, purpose }: Credentials): Promise<Viewer> =>
    authenticator.viewer(authorization, purpose).catch((error: unknown) => {
      throw errorOf(error);
    });

  const makeContext = async (request: FastifyRequest, reply: FastifyReply): Promise<RequestContext> => {
    const abort = new AbortController();
    request.exchange.abort = abort;
    const { rejects, reportsCost } = request.exchange.credentials;
    const headers = (budget: BudgetState | undefined): void => {
      if (budget) for (const [name, value] of rateLimitHeaders(budget)) reply.header(name, value);
    };
    return { headers, viewer: await viewerOf(request), mode: rejects ? 'reject' : options.policyMode, reportsCost, signal: abort.signal, address: doors.addresses.of(request.raw) };
  };
  // Asked twice where Apollo answers: who asks is looked up once.
  const contextOf = (request: FastifyRequest, reply: FastifyReply): Promise<RequestContext> => (request.exchange.context ??= makeContext(request, reply));

  const apollo = new ApolloServer<RequestContext>({
    gateway: {
      load: () =>
        Promise.resolve({
          // Read here again, which costs a look into a map: the document that Apollo has parsed was not validated by it.
          executor: async ({ request, context }) => {
            const asked: Asked = {
              query: request.query ?? '', documentId: undefined, isAutomatic: false, operationName: request.operationName, variables: request.variables ?? {},
              reportsCost: request.extensions?.['cost'] === 'report',
            };
            const { viewer, mode, reportsCost, signal, address, headers } = context as unknown as RequestContext; // made by `context` below
            const read = readOperation(doors, asked, viewer.role);
            if ('errors' in read) return read as never; // ExecutionResult, with `data` left out where nothing ran
            const { budget, answer } = await runOperation(doors, read, asked, { transport: 'http', viewer, mode, reportsCost, signal, address });
            headers(budget);
            return answer as never;
          },
        }),
      onSchemaLoadOrUpdate(callback) {
        callback({ apiSchema: graph.schema, coreSupergraphSdl: '' });
        return () => {};
      },
      stop: () => Promise.resolve(),
    },
    introspection: true, // answered from the caller's own view, see graph.ts
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    persistedQueries: false,
    documentStore: createApolloDocuments(),
    includeStacktraceInErrorResponses: false,
    hideSchemaDetailsFromClientErrors: true,
    stopOnTerminationSignals: false,
    dangerouslyDisableValidation: true, // by `readOperation`, before Apollo and again before anything runs
    formatError: words,
    plugins: [
      fastifyApolloDrainPlugin(app),
      ApolloServerPluginLandingPageDisabled(),
      {
        requestDidStart: () =>
          Promise.resolve({
            willSendResponse: ({ request, response: { http, body }, errors }) => {
              if (!errors || (body.kind === 'single' && body.singleResult.data !== undefined)) return Promise.resolve();
              const { status, headers } = headOf(errors[0]);
              if (body.kind === 'single' && http.status === undefined) http.status = status;
              for (const [name, value] of headers) http.headers.set(name, value);
              http.status = statusFor(http.status ?? status, request.http?.headers.get('accept') ?? '', errors[0]?.extensions['code']);
              return Promise.resolve();
            },
          }),
      },
    ],
    logger: { debug: () => {}, info: () => {}, warn: (message) => log.warn(String(message)), error: (message) => log.error(String(message)) },
  });
  await apollo.start();

  const throughApollo = fastifyApolloHandler(apollo, { context: contextOf });

  /** An operation, or a request, that is refused whole: in the form, with the status and in the words of every other refusal. */
  const refuse = (request: FastifyRequest, reply: FastifyReply, errors: readonly unknown[]): FastifyReply => {
    const { accept = '' } = request.headers;
    const { status, headers } = headOf(errors[0]);
    const told = tellRefusal(doors, 'http', errors);
    for (const [name, value] of headers) reply.header(name, value);
    return reply
      .code(statusFor(status, accept, told[0]?.extensions?.['code']))
      .type(mediaType(request))
      .send(`${JSON.stringify({ errors: told })}\n`);
  };

  /** One that may be asked again elsewhere or later, as its transport says that. */
  const turnAway = (request: FastifyRequest, reply: FastifyReply, error: GraphQLError): FastifyReply =>
    asksForEvents(request.headers.accept) ? events.refuse(request, reply, [error]) : refuse(request, reply.header('connection', 'close'), [error]);

  // Whatever is refused outside of an operation, by us or by the framework before a route is asked.
  app.setErrorHandler((error: FastifyError | GraphQLError, request, reply) =>
    within(request, () => refuse(request, reply, [error instanceof GraphQLError || !('statusCode' in error) ? errorOf(error) : requestError(error)])));

  app.setNotFoundHandler((request, reply) => refuse(request, reply, [new GraphQLError('There is nothing at this address: the graph is at /graphql.', { extensions: { code: 'NOT_FOUND', http: { status: 404 } } })]));

  const within = <Result>({ exchange }: FastifyRequest, work: () => Result): Result => inScope(exchange.scope, work);
  const beginSpan = (request: FastifyRequest, theTracer: Tracer) => {
    const { method, routeOptions: { url: route }, raw: { headers } } = request;
    const traceparent = traceparentIn(headers);
    const attributes = { 'http.request.method': method, ...(route === undefined ? null : { 'http.route': route }) };
    return theTracer.begin(route === undefined ? method : `${method} ${route}`, 'SERVER', attributes, traceparent === null ? null : { traceparent, as: clients });
  };
  /**
   * Before the body of a request is read it is looked at whose connection it is, and whether there is room for it.
   * @returns why it is turned away
   * @throws GraphQLError BODY_TOO_LARGE, which no other time and place would mend
   */
  const problemOf = (request: FastifyRequest): GraphQLError | null => {
    // Those who come back are at another instance by then; that this one lives is said to the end.
    if (isLeaving && request.url !== '/health/live') return unavailable('This instance is going away: ask again.');
    if (request.url.startsWith('/health/')) return null;
    const problem = connections.problemOf(request.raw);
    if (problem !== null) return clientError('RATE_LIMITED', problem, { reason: 'CONNECTIONS', retryable: true });
    if (load.isTooMuch()) return busy(OVERLOADED);
    const { 'content-length': length, 'transfer-encoding': encoding, authorization } = request.headers;
    if (length === undefined && encoding === undefined) return null;
    const most = authorization === undefined ? MAX_ANONYMOUS_BYTES : (request.routeOptions.bodyLimit ?? MAX_BODY_BYTES);
    const bytes = length === undefined ? most : Number(length);
    if (bytes > most) throw tooLarge(most);
    const release = bodies.reserve(addresses.of(request.raw), bytes);
    if (!release) return busy('Too much is being sent at once: send it again.');
    request.exchange.release = release;
    return null;
  };
  app.addHook('onRequest', (request, reply, done) => {
    // Its id stands in each answer, and in each line that is logged under it.
    const exchange = new Exchange(openScope(request.id, tracer && beginSpan(request, tracer)), credentialsIn(request.raw));
    request.exchange = exchange;
    reply.header('x-request-id', request.id);
    reply.raw.on('close', () => exchange.end(reply.raw));
    let problem: GraphQLError | null;
    try {
      problem = problemOf(request);
    } catch (error) {
      return done(error as Error);
    }
    if (problem) return within(request, () => void turnAway(request, reply, problem));
    // Who asks comes before what is asked: whoever is nobody sends no body.
    if (exchange.release && request.headers.authorization !== undefined) within(request, () => void viewerOf(request).then(() => done(), done));
    else done(); // in the scope of the request once its body is there
  });
  // What comes after the body was read would else run under the connection, and not under the request.
  app.addHook('preValidation', (request, _, done) => within(request, done));
  app.addHook('preParsing', ({ headers, routeOptions }, _reply, body, done) => {
    const { 'content-type': contentType, 'content-encoding': contentEncoding, 'content-length': length, authorization } = headers;
    const problem = charsetProblem(contentType, routeOptions.config.charsets ?? UTF_8) ?? codingProblem(contentEncoding);
    // Of a body without a length it is known only then whether it is too large.
    if (problem) done(problem);
    else done(null, length === undefined && authorization === undefined ? body.pipe(limitedTo(MAX_ANONYMOUS_BYTES)) : body);
  });

  const mayBeKept = createCacheRule(graph.schema);
  /** What others may do with an answer: of a catalogue, asked by GET with an id and without any token, they keep it for a minute. */
  const cachingOf = ({ method, headers }: FastifyRequest, asked: Asked, read: ReadOperation, { errors, extensions }: Answer): Readonly<Record<string, string>> => {
    if (method !== 'GET' || asked.documentId === undefined) return { 'cache-control': 'no-store' };
    const isWhole = !errors?.length && (extensions?.['completeness'] as { status?: unknown } | undefined)?.status === 'COMPLETE'; // written by gateway/graph.ts
    const isPublic = headers.authorization === undefined && isWhole && mayBeKept(read);
    // Whoever shows a token is never given what was kept for those without, nor the other way round.
    return { vary: 'accept, authorization, x-cost, x-purpose, x-unauthorized', 'cache-control': isPublic ? `public, max-age=${MAX_AGE_SECONDS}` : 'no-store' };
  };

  app.route({
    url: '/graphql',
    method: ['PUT', 'PATCH', 'DELETE', 'TRACE', 'OPTIONS'],
    handler: (request, reply) => {
      const http = { status: 405, headers: new Map([['allow', 'GET, POST']]) };
      const extensions = { code: 'BAD_REQUEST', http };
      return refuse(request, reply, [new GraphQLError('The graph is asked by GET or POST.', { extensions })]);
    },
  });

  app.route({
    url: '/graphql',
    method: ['GET', 'POST'],
    handler: async function (request, reply) {
      if (asksForEvents(request.headers.accept)) return events.handle(request, reply);
      // Who asks comes before what is asked: whoever is nobody has nothing parsed.
      const context = await contextOf(request, reply);
      const asked = readRequest(request);
      if (!asked) return throughApollo.call(this, request, reply); // what is no operation is Apollo's to word
      const read = readOperation(doors, asked, context.viewer.role);
      if ('errors' in read) return refuse(request, reply, read.errors);
      // All that has to be negotiated or prevented is Apollo's, too (docs/adr/0010-known-texts.md), but for ids, which it does not know: none
      // of them does anything by GET, and no browser adds a token by itself (docs/adr/0022-trusted-documents.md).
      if (asked.documentId === undefined && !isPlain(request)) return throughApollo.call(this, request, reply);
      if (request.method === 'GET' && read.operation.operation === 'mutation')
        return refuse(request, reply, [new GraphQLError('A mutation is sent by POST.', { extensions: { code: 'BAD_REQUEST', http: { status: 405, headers: new Map([['allow', 'POST']]) } } })]);
      const { budget, answer } = await runOperation(doors, read, asked, { transport: 'http', ...context });
      const caching = cachingOf(request, asked, read, answer);
      // What others are given of it says nothing of who asked first.
      if (caching['cache-control'] === 'no-store') context.headers(budget);
      if (answer.data === undefined) return refuse(request, reply, answer.errors ?? []);
      return reply.headers(caching).type(mediaType(request)).send(answerBytes(answerText(doors, answer)));
    },
  });

  // Its bytes are those of an introspection, and so is what it costs.
  const sdlPoints = countOfTypes(graph.schema);
  app.get('/sdl', async (request, reply) => {
    const { viewer, address, headers } = await contextOf(request, reply);
    headers(await openBill(doors, viewer, address).charge(sdlPoints));
    return reply.type('text/plain; charset=utf-8').header('cache-control', 'private, no-store').send(graph.sdl(viewer.role));
  });
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/health/ready', async (_, reply) => {
    const readiness = (await options.readiness?.()) ?? { status: 'ok', unavailable: [], knownThrough: {} };
    return reply.code(readiness.status === 'unavailable' ? 503 : 200).send(readiness);
  });
  for (const route of options.routes) await route(app, viewerOf);

  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo; // listening on a port, so it is one
  return {
    url: `http://${options.host}:${port}`,
    connections: connections.open,
    async [Symbol.asyncDispose]() {
      isLeaving = true;
      await Promise.all([events[Symbol.asyncDispose](), sockets[Symbol.asyncDispose]()]);
      drain();
      connections[Symbol.dispose]();
      load[Symbol.dispose]();
      await apollo.stop();
      await app.close();
    },
  };
}

