import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientAddresses, networkOf } from '#kit/http/address.ts';
import { cutSlowReaders, type Reader, standardWritingLimits, type WritingLimits } from './slowReaders.ts';

// The limits of one connection and of all connections: their number, the requests on each, and the bytes of responses
// that nobody reads. WebSockets and streams count too, because each is a connection first; streamQuota.ts limits the
// streams of one caller.

export interface ConnectionLimits {
  /**
   * An IPv4 address, or the first 64 bits of an IPv6 one. A trusted proxy does not count as one address: it stands for
   * many.
   */
  readonly perAddress: number;
  readonly inAll: number;
}

export const standardConnectionLimits: ConnectionLimits = { perAddress: 2500, inAll: 20_000 };

export interface Connections extends Disposable {
  /**
   * Why requests on a connection are refused: there are too many connections, or too many requests at once on this one.
   */
  problemOf(request: IncomingMessage): string | null;
  readonly open: () => number;
}

/**
 * Requests on one connection that wait for their responses: no client of today sends a second one before the first
 * response.
 */
const MAX_PIPELINED = 16;
/**
 * A connection beyond the maximum still gets a refusal. If it sends no request in this time it is cut, and so are
 * connections beyond a tenth more.
 */
const NOTICE_MS = 2000;
const beyondNotice = (maximum: number): number => maximum + 10 + Math.floor(maximum / 10);
const SWEEP_MS = 1000;

interface Held extends Reader {
  /** The network that it counts for; null: a trusted proxy's, or unknown. */
  readonly of: string | null;
  readonly problem: string | null;
  asked: number;
}

/** The open connections, and how many of them each network has. */
interface OpenConnections {
  readonly limits: ConnectionLimits;
  readonly held: Map<Socket, Held>;
  /** As many as are connected. */
  readonly perAddress: Map<string, number>;
}

/** @param clockMs a monotonic clock */
export function guardConnections(
  server: Server,
  {
    addresses,
    limits = standardConnectionLimits,
    writing = standardWritingLimits,
    sweepMs = SWEEP_MS,
    clockMs = () => performance.now(),
  }: {
    addresses: ClientAddresses;
    limits?: ConnectionLimits;
    writing?: WritingLimits;
    sweepMs?: number;
    clockMs?: () => number;
  },
): Connections {
  const open: OpenConnections = { limits, held: new Map(), perAddress: new Map() };
  server.on('connection', (socket: Socket) => hold(open, socket, addresses));
  // Before the handlers that respond, because their refusals are counted too.
  server.prependListener('request', ({ socket }: IncomingMessage, response) => {
    const held = open.held.get(socket);
    if (!held) return;
    held.asked += 1;
    response.on('close', () => (held.asked -= 1)); // it closes once
  });
  const timer = setInterval(() => cutSlowReaders(open.held, writing, clockMs()), sweepMs).unref();

  return {
    open: () => open.held.size,
    problemOf: ({ socket }) => {
      const held = open.held.get(socket);
      if (!held) return null;
      return (
        held.problem ??
        (held.asked > MAX_PIPELINED ? `At most ${MAX_PIPELINED} requests at once on one connection.` : null)
      );
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}

/** Counts a new connection until it closes. One beyond the maximum is cut: at once, or after its notice. */
function hold(open: OpenConnections, socket: Socket, addresses: ClientAddresses): void {
  const { held, perAddress } = open;
  const address = socket.remoteAddress;
  const of = address === undefined || addresses.isProxy(address) ? null : networkOf(address);
  const { problem, isNotified } = roomFor(open, of);
  if (!isNotified) return void socket.destroy();
  held.set(socket, { of, problem, asked: 0, waiting: null });
  if (of !== null) perAddress.set(of, (perAddress.get(of) ?? 0) + 1);
  const notice = problem === null ? undefined : setTimeout(() => socket.destroy(), NOTICE_MS);
  socket.once('close', () => {
    clearTimeout(notice);
    held.delete(socket);
    if (of === null) return;
    const left = (perAddress.get(of) ?? 0) - 1;
    if (left > 0) perAddress.set(of, left);
    else perAddress.delete(of);
  });
}

/** Why there is no room for one more connection, and whether it gets to know that. */
function roomFor(
  { limits, held, perAddress }: OpenConnections,
  of: string | null,
): { readonly problem: string | null; readonly isNotified: boolean } {
  const own = of === null ? 0 : (perAddress.get(of) ?? 0);
  if (held.size >= limits.inAll)
    return {
      problem: `At most ${limits.inAll} connections are held at once: come back later.`,
      isNotified: held.size < beyondNotice(limits.inAll),
    };
  if (own >= limits.perAddress)
    return {
      problem: `At most ${limits.perAddress} connections at once for one address: end one, or come back later.`,
      isNotified: own < beyondNotice(limits.perAddress),
    };
  return { problem: null, isNotified: true };
}
