import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

// A TCP proxy that does to a connection what networks do. No byte is lost by it but those of a connection that it ends.

/** What happens to bytes and to new connections from now on. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  /** New connections are reset at once; those that stand go on. */
  | { readonly kind: 'refuse' }
  /**
   * Connections are accepted and held, without a byte and without a reset; what waited passes once the mode changes.
   */
  | { readonly kind: 'blackhole' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number }
  /** Each n-th byte of what the server sends becomes NUL, which neither HTTP nor JSON takes for anything else. */
  | { readonly kind: 'corrupt'; readonly every: number };

/** Where connections go: a port of 127.0.0.1, or a Unix socket. */
export type ProxyTarget = { readonly port: number } | { readonly path: string };

export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that were tried since it started, those refused included. */
  readonly attempts: number;
  /** Connections that stand. */
  readonly open: number;
  /** Bytes handed on, both ways together. */
  readonly bytes: number;
  set(mode: ProxyMode): void;
  retarget(target: ProxyTarget): void;
  /** RST on both sides of every connection that stands. */
  reset(): void;
  /** Ends the server's side of every connection towards the client, which may go on sending. */
  halfClose(): void;
}

const PASS: ProxyMode = { kind: 'pass' };
const SLICES_A_SECOND = 10;

/** RST where there is such a thing: a Unix socket is only closed. */
function cut(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** What all connections of a proxy share, and what has happened so far. */
interface ProxyState {
  target: ProxyTarget;
  mode: ProxyMode;
  /** Resolves when the mode changes. */
  changed: PromiseWithResolvers<void>;
  attempts: number;
  bytes: number;
  /** Bytes that the server has sent while they were spoilt. */
  answered: number;
  readonly pairs: Set<readonly [client: Socket, upstream: Socket | null]>;
}

/** Listens on a free port of 127.0.0.1, in mode `pass`. */
export async function startProxy(target: ProxyTarget): Promise<TcpProxy> {
  const state: ProxyState = {
    target,
    mode: PASS,
    changed: Promise.withResolvers<void>(),
    attempts: 0,
    bytes: 0,
    answered: 0,
    pairs: new Set(),
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void accept(state, client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = (): void => {
    for (const [client, upstream] of state.pairs) {
      cut(client);
      if (upstream) cut(upstream);
    }
  };
  return {
    port: (server.address() as AddressInfo).port, // listening on a port, so it is one
    get attempts() {
      return state.attempts;
    },
    get open() {
      return state.pairs.size;
    },
    get bytes() {
      return state.bytes;
    },
    set(next) {
      state.mode = next;
      state.changed.resolve();
      state.changed = Promise.withResolvers();
    },
    retarget: (next) => void (state.target = next),
    reset: endAll,
    halfClose() {
      for (const [client] of state.pairs) client.end();
    },
    async [Symbol.asyncDispose]() {
      endAll();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Waits while connections are held. */
async function untilOpen(state: ProxyState, socket: Socket): Promise<void> {
  while (state.mode.kind === 'blackhole' && !socket.destroyed)
    await Promise.race([state.changed.promise, once(socket, 'close')]);
}

/** @throws Error where the other side is gone */
async function deliver(state: ProxyState, to: Socket, chunk: Buffer): Promise<void> {
  state.bytes += chunk.length;
  if (to.destroyed) throw new Error('The other side is gone.');
  if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
}

function spoil(state: ProxyState, chunk: Buffer, every: number): Buffer {
  for (let index = 0; index < chunk.length; index += 1) if ((state.answered += 1) % every === 0) chunk[index] = 0;
  return chunk;
}

/** Hands on what one side sends until it ends; the mode of each moment holds for each chunk. */
async function pump(state: ProxyState, from: Socket, to: Socket, isAnswer: boolean): Promise<void> {
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      await untilOpen(state, to);
      const now = state.mode;
      if (now.kind === 'delay') await pause(now.ms);
      if (now.kind === 'throttle') {
        const slice = Math.max(1, Math.floor(now.bytesPerSecond / SLICES_A_SECOND));
        for (let start = 0; start < chunk.length && !to.destroyed; start += slice) {
          await deliver(state, to, chunk.subarray(start, start + slice));
          await pause(1000 / SLICES_A_SECOND);
        }
      } else await deliver(state, to, now.kind === 'corrupt' && isAnswer ? spoil(state, chunk, now.every) : chunk);
    }
    to.end();
  } catch {
    // As the other side ended: a process that died resets, and so does its proxy.
    cut(to);
    cut(from);
  }
}

async function accept(state: ProxyState, client: Socket): Promise<void> {
  state.attempts += 1;
  client.on('error', () => {}); // the pump hears of it
  if (state.mode.kind === 'refuse') return cut(client);
  const held = [client, null] as const;
  state.pairs.add(held);
  await untilOpen(state, client);
  state.pairs.delete(held);
  if (client.destroyed) return;
  const { target } = state;
  const upstream = connect(
    'port' in target
      ? { port: target.port, host: '127.0.0.1', allowHalfOpen: true }
      : { path: target.path, allowHalfOpen: true },
  );
  upstream.on('error', () => {});
  const pair = [client, upstream] as const;
  state.pairs.add(pair);
  await Promise.race([once(upstream, 'connect'), once(upstream, 'close')]).catch(() => {});
  if (upstream.destroyed || client.destroyed) {
    upstream.destroy();
    cut(client);
  } else await Promise.all([pump(state, client, upstream, false), pump(state, upstream, client, true)]);
  state.pairs.delete(pair);
}
