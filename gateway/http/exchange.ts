import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { closeScope, inScope, type RequestScope } from '#kit/telemetry/scope.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { BudgetState } from '#gateway/budgets/budgets.ts';
import { rateLimitHeaders } from '#gateway/budgets/refusal.ts';
import { errorOf } from '#gateway/graph/errors.ts';
import type { Credentials, TransportOptions } from '#gateway/operations/operation.ts';

// What one request carries through the hooks and the routes of the server: its scope, its caller, and what ends with
// it.

/** What an operation is run with. */
export interface RequestContext {
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  readonly reportsCost: boolean;
  readonly signal: AbortSignal;
  readonly address: string | undefined;
  /** Sets the response's headers for what is left of the budget. */
  readonly headers: (budget: BudgetState | undefined) => void;
}

/** The state of a request while it is answered. */
export class Exchange {
  readonly scope: RequestScope;
  readonly credentials: Credentials;
  viewer: Promise<Viewer> | null = null;
  context: Promise<RequestContext> | null = null;
  /** Ends its operation when its client disconnects. */
  abort: AbortController | null = null;
  /** Releases the room that its body takes. */
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

/** Runs work in the scope of the request, so that each line that it logs has the id of the request. */
export const within = <Result>({ exchange }: FastifyRequest, work: () => Result): Result =>
  inScope(exchange.scope, work);

/**
 * The caller: looked up once for a request, before its body is read, and reused after that.
 * @throws GraphQLError, by its promise: the refusal of the token, or SUBGRAPH_UNAVAILABLE where it cannot be checked
 */
export const viewerOf = (options: TransportOptions, { exchange }: FastifyRequest): Promise<Viewer> =>
  (exchange.viewer ??= findViewer(options, exchange.credentials));

const findViewer = ({ authenticator }: TransportOptions, { authorization, purpose }: Credentials): Promise<Viewer> =>
  authenticator.viewer(authorization, purpose).catch((error: unknown) => {
    throw errorOf(error);
  });

/**
 * What the operation of a request is run with: called twice where Apollo answers, and made once.
 * @throws GraphQLError, as `viewerOf`
 */
export const contextOf = (
  options: TransportOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<RequestContext> => (request.exchange.context ??= makeContext(options, request, reply));

async function makeContext(
  options: TransportOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<RequestContext> {
  const abort = new AbortController();
  request.exchange.abort = abort;
  const { rejects, reportsCost } = request.exchange.credentials;
  const headers = (budget: BudgetState | undefined): void => {
    if (budget) for (const [name, value] of rateLimitHeaders(budget)) reply.header(name, value);
  };
  return {
    headers,
    viewer: await viewerOf(options, request),
    mode: rejects ? 'reject' : options.policyMode,
    reportsCost,
    signal: abort.signal,
    address: options.addresses.of(request.raw),
  };
}
