import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

// A TCP proxy that does to a connection what networks do. No byte is lost by it but those of a connection that it ends.

/** What happens to bytes and to new connections from now on. */
export type ProxyMode =
  | { readonly kind: 'pass' }
  /** New connections are reset at once; those that stand go on. */
  | { readonly kind: 'refuse' }
  /** Connections are accepted and held, without a byte and without a reset; what waited passes once the mode changes. */
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

/** Listens on a free port of 127.0.0.1, in mode `pass`. */
export async function startProxy(given: ProxyTarget): Promise<TcpProxy> {
  let target = given;
  let mode: ProxyMode = PASS;
  let changed = Promise.withResolvers<void>();
  let attempts = 0;
  let bytes = 0;
  let corrupted = 0;
  const pairs = new Set<readonly [client: Socket, upstream: Socket | null]>();
  const current = (): ProxyMode => mode;

  const untilOpen = async (socket: Socket): Promise<void> => {
    while (current().kind === 'blackhole' && !socket.destroyed) await Promise.race([changed.promise, once(socket, 'close')]);
  };
  const deliver = async (to: Socket, chunk: Buffer): Promise<void> => {
    bytes += chunk.length;
    if (to.destroyed) throw new Error('The other side is gone.');
    if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
  };
  const spoil = (chunk: Buffer, every: number): Buffer => {
    for (let index = 0; index < chunk.length; index += 1) if ((corrupted += 1) % every === 0) chunk[index] = 0;
    return chunk;
  };
  const pump = async (from: Socket, to: Socket, isAnswer: boolean): Promise<void> => {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        await untilOpen(to);
        const now = current();
        if (now.kind === 'delay') await pause(now.ms);
        if (now.kind === 'throttle') {
          const slice = Math.max(1, Math.floor(now.bytesPerSecond / SLICES_A_SECOND));
          for (let start = 0; start < chunk.length && !to.destroyed; start += slice) {
            await deliver(to, chunk.subarray(start, start + slice));
            await pause(1000 / SLICES_A_SECOND);
          }
        } else await deliver(to, now.kind === 'corrupt' && isAnswer ? spoil(chunk, now.every) : chunk);
      }
      to.end();
    } catch {
      // As the other side ended: a process that died resets, and so does its proxy.
      cut(to);
      cut(from);
    }
  };

  const accept = async (client: Socket): Promise<void> => {
    attempts += 1;
    client.on('error', () => {}); // told by the pump
    if (mode.kind === 'refuse') return cut(client);
    const held = [client, null] as const;
    pairs.add(held);
    await untilOpen(client);
    pairs.delete(held);
    if (client.destroyed) return;
    const upstream = connect('port' in target ? { port: target.port, host: '127.0.0.1', allowHalfOpen: true } : { path: target.path, allowHalfOpen: true });
    upstream.on('error', () => {});
    const pair = [client, upstream] as const;
    pairs.add(pair);
    await Promise.race([once(upstream, 'connect'), once(upstream, 'close')]).catch(() => {});
    if (upstream.destroyed || client.destroyed) {
      upstream.destroy();
      cut(client);
    } else await Promise.all([pump(client, upstream, false), pump(upstream, client, true)]);
    pairs.delete(pair);
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void accept(client));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endAll = (): void => {
    for (const [client, upstream] of pairs) {
      cut(client);
      if (upstream) cut(upstream);
    }
  };
  return {
    port: (server.address() as AddressInfo).port, // listening on a port, so it is one
    get attempts() {
      return attempts;
    },
    get open() {
      return pairs.size;
    },
    get bytes() {
      return bytes;
    },
    set(next) {
      mode = next;
      changed.resolve();
      changed = Promise.withResolvers();
    },
    retarget: (next) => void (target = next),
    reset: endAll,
    halfClose() {
      for (const [client] of pairs) client.end();
    },
    async [Symbol.asyncDispose]() {
      endAll();
      server.close();
      await once(server, 'close');
    },
  };
}
