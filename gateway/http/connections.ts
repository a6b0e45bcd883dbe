import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { type ClientAddresses, networkOf } from './address.ts';

// What one connection, and all of them, may hold: their number, and the bytes of answers that nobody reads. WebSockets and streams are counted
// too, since each is a connection first; how many streams one caller holds is streamQuota.ts.

export interface ConnectionLimits {
  /** An IPv4 address, or the first 64 bits of an IPv6 one. A trusted proxy is not one address: it stands for many. */
  readonly perAddress: number;
  readonly inAll: number;
}

export const standardConnectionLimits: ConnectionLimits = { perAddress: 2500, inAll: 20_000 };

export interface WritingLimits {
  /** How long bytes wait for a reader that takes nothing, and beside that at which rate it has to take them. */
  readonly stalledMs: number;
  readonly bytesPerSecond: number;
  /** Of all connections together; beyond it those that wait longest for their readers are let go of, however short that is. */
  readonly waitingBytes: number;
}

export const standardWritingLimits: WritingLimits = { stalledMs: 30_000, bytesPerSecond: 64 * 1024, waitingBytes: 256 * 1024 * 1024 };

export interface Connections extends Disposable {
  /** Why what is asked on a connection is refused: there are too many, or too much was asked on this one at once. */
  problemOf(request: IncomingMessage): string | null;
  readonly open: () => number;
}

/** Requests on one connection that wait for their answers: no client of today sends a second one before it has the first. */
const MAX_PIPELINED = 16;
/** One connection too many is still told so; what asks nothing meanwhile is cut, and so is what comes beyond a tenth more. */
const TELLING_MS = 2000;
const beyondTelling = (most: number): number => most + 10 + Math.floor(most / 10);
const SWEEP_MS = 1000;
/** Nobody is given longer for one piece of an answer, whatever its size. */
const LONGEST_MS = 300_000;

interface Waiting {
  /** Bytes that have left this process. */
  gone: number;
  since: number;
}

interface Held {
  readonly of: string | null;
  problem: string | null;
  asked: number;
  waiting: Waiting | null;
}

/** @param clockMs a monotonic clock */
export function guardConnections(
  server: Server,
  { addresses, limits = standardConnectionLimits, writing = standardWritingLimits, sweepMs = SWEEP_MS, clockMs = () => performance.now() }: { addresses: ClientAddresses; limits?: ConnectionLimits; writing?: WritingLimits; sweepMs?: number; clockMs?: () => number },
): Connections {
  const open = new Map<Socket, Held>();
  const perAddress = new Map<string, number>(); // as many as are connected

  const problemOf = (of: string | null): { readonly problem: string | null; readonly isTold: boolean } => {
    const own = of === null ? 0 : (perAddress.get(of) ?? 0);
    if (open.size >= limits.inAll) return { problem: `At most ${limits.inAll} connections are held at once: come back later.`, isTold: open.size < beyondTelling(limits.inAll) };
    if (own >= limits.perAddress) return { problem: `At most ${limits.perAddress} connections at once for one address: end one, or come back later.`, isTold: own < beyondTelling(limits.perAddress) };
    return { problem: null, isTold: true };
  };

  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress;
    const of = address === undefined || addresses.isProxy(address) ? null : networkOf(address);
    const { problem, isTold } = problemOf(of);
    if (!isTold) return void socket.destroy();
    open.set(socket, { of, problem, asked: 0, waiting: null });
    if (of !== null) perAddress.set(of, (perAddress.get(of) ?? 0) + 1);
    const telling = problem === null ? undefined : setTimeout(() => socket.destroy(), TELLING_MS);
    socket.once('close', () => {
      clearTimeout(telling);
      open.delete(socket);
      if (of === null) return;
      const left = (perAddress.get(of) ?? 0) - 1;
      if (left > 0) perAddress.set(of, left);
      else perAddress.delete(of);
    });
  });
  // Before those who answer: what they refuse is counted already.
  server.prependListener('request', ({ socket }: IncomingMessage, response) => {
    const held = open.get(socket);
    if (!held) return;
    held.asked += 1;
    response.on('close', () => (held.asked -= 1)); // it closes once
  });

  /** Bytes of one connection that wait, where it may go on waiting; null where it was let go of. */
  const look = (socket: Socket, held: Held, now: number): number | null => {
    const bytes = socket.writableLength;
    if (bytes === 0) held.waiting = null;
    else {
      const gone = socket.bytesWritten - bytes;
      if (held.waiting?.gone !== gone) held.waiting = { gone, since: now };
      const allowed = Math.min(LONGEST_MS, writing.stalledMs + (bytes / writing.bytesPerSecond) * 1000);
      if (now - held.waiting.since > allowed) {
        socket.destroy();
        return null;
      }
    }
    return bytes;
  };
  const sweep = (): void => {
    const now = clockMs();
    let inAll = 0;
    for (const [socket, held] of open) inAll += look(socket, held, now) ?? 0;
    if (inAll <= writing.waitingBytes) return;
    const waiting = [...open].flatMap(([socket, held]) => (held.waiting && !socket.destroyed ? [{ socket, since: held.waiting.since, bytes: socket.writableLength }] : []));
    for (const { socket, bytes } of waiting.toSorted((one, other) => one.since - other.since || other.bytes - one.bytes)) {
      if (inAll <= writing.waitingBytes) return;
      inAll -= bytes;
      socket.destroy();
    }
  };
  const timer = setInterval(sweep, sweepMs).unref();

  return {
    open: () => open.size,
    problemOf: ({ socket }) => {
      const held = open.get(socket);
      if (!held) return null;
      return held.problem ?? (held.asked > MAX_PIPELINED ? `At most ${MAX_PIPELINED} requests at once on one connection.` : null);
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
