import type { IncomingMessage, Server } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import type { ClientAddresses } from '#kit/http/address.ts';
import { unavailable } from '#gateway/graph/errors.ts';
import { createBodies } from './bodies.ts';
import { type ConnectionLimits, guardConnections } from './connections.ts';
import { type Load, watchLoad } from './load.ts';
import type { WritingLimits } from './slowReaders.ts';
import { bodyTooLarge, MAX_ANONYMOUS_BYTES, MAX_BODY_BYTES } from './requestBody.ts';

// Whether there is room for a request: the limits of connections, of load and of bodies, and the end of this instance.

export interface AdmissionOptions {
  readonly addresses: ClientAddresses;
  /** Left out: the standard limits. */
  readonly connectionLimits?: ConnectionLimits | undefined;
  readonly writingLimits?: WritingLimits | undefined;
  /** Whether the event loop can bear new work; left out: it is measured. */
  readonly load?: Load | undefined;
}

export interface Admission extends Disposable {
  /**
   * Before the body of a request is read: checks its connection, and whether there is room for it, which it takes.
   * @returns why it is turned away
   * @throws GraphQLError BODY_TOO_LARGE, which a retry would not help
   */
  problemOf(request: FastifyRequest): GraphQLError | null;
  /** Why no WebSocket is opened now. */
  upgradeProblemOf(
    request: IncomingMessage,
  ): { readonly code: 'RATE_LIMITED' | 'BUSY'; readonly message: string } | null;
  /** From now on every request is turned away, except for those that ask whether this instance lives. */
  leave(): void;
  /** The number of open connections. */
  readonly open: () => number;
}

const OVERLOADED = 'Too much is asked at once: ask again.';
const busy = (message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BUSY', retryable: true, http: { status: 503 } } });

/** Follows the connections of the server from now on: it is called before the server listens. */
export function createAdmission(server: Server, options: AdmissionOptions): Admission {
  const { addresses } = options;
  const connections = guardConnections(server, {
    addresses,
    ...(options.connectionLimits ? { limits: options.connectionLimits } : null),
    ...(options.writingLimits ? { writing: options.writingLimits } : null),
  });
  const load = options.load ?? watchLoad();
  const bodies = createBodies();
  let isLeaving = false;

  /** Reserves the room of a body, until its exchange ends. */
  const bodyProblemOf = (request: FastifyRequest): GraphQLError | null => {
    const { 'content-length': length, 'transfer-encoding': encoding, authorization } = request.headers;
    if (length === undefined && encoding === undefined) return null;
    const maxBytes =
      authorization === undefined ? MAX_ANONYMOUS_BYTES : (request.routeOptions.bodyLimit ?? MAX_BODY_BYTES);
    const bytes = length === undefined ? maxBytes : Number(length);
    if (bytes > maxBytes) throw bodyTooLarge(maxBytes);
    const release = bodies.reserve(addresses.of(request.raw), bytes);
    if (!release) return busy('Too much is being sent at once: send it again.');
    request.exchange.release = release;
    return null;
  };

  return {
    open: connections.open,
    problemOf(request) {
      // Clients that retry reach another instance; liveness is reported to the end.
      if (isLeaving && request.url !== '/health/live') return unavailable('This instance is going away: ask again.');
      if (request.url.startsWith('/health/')) return null;
      const problem = connections.problemOf(request.raw);
      if (problem !== null) return clientError('RATE_LIMITED', problem, { reason: 'CONNECTIONS', retryable: true });
      return load.isTooMuch() ? busy(OVERLOADED) : bodyProblemOf(request);
    },
    upgradeProblemOf(request) {
      const problem = connections.problemOf(request);
      if (problem !== null) return { code: 'RATE_LIMITED', message: problem };
      return load.isTooMuch() ? { code: 'BUSY', message: OVERLOADED } : null;
    },
    leave() {
      isLeaving = true;
    },
    [Symbol.dispose]() {
      connections[Symbol.dispose]();
      load[Symbol.dispose]();
    },
  };
}
