import { connect, type Socket } from 'node:net';

// A client that speaks HTTP byte by byte, and stops whenever it likes: what slowhttptest does, for one connection.

export interface RawClient extends AsyncDisposable {
  readonly socket: Socket;
  send(text: string | Buffer): void;
  /** Sends one byte again and again, until the connection ends. */
  trickle(text: string, everyMs: number): void;
  /** What has come so far. */
  readonly bytes: () => Buffer;
  readonly received: () => string;
  /** What had come when the other end closed the connection; a reset is an end too. */
  readonly ended: Promise<string>;
}

export async function openRaw(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: false });
  const chunks: Buffer[] = [];
  const bytes = (): Buffer => Buffer.concat(chunks);
  const received = (): string => bytes().toString();
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  const ended = new Promise<string>((resolve) => socket.once('close', () => resolve(received())));
  let timer: NodeJS.Timeout | undefined;
  void ended.then(() => clearInterval(timer));
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve()));
  return {
    socket,
    bytes,
    received,
    ended,
    send: (text) => void socket.write(text),
    trickle(text, everyMs) {
      timer = setInterval(() => socket.write(text), everyMs);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      socket.destroy();
      await ended;
    },
  };
}

/** A request as it goes over the network. */
export const rawPost = (body: string, headers: Readonly<Record<string, string | number>> = {}): string => {
  const length = Buffer.byteLength(body);
  return (
    rawHead('POST', '/graphql', { 'content-type': 'application/json', 'content-length': length, ...headers }) + body
  );
};

export const rawHead = (
  method: string,
  path: string,
  headers: Readonly<Record<string, string | number>> = {},
): string =>
  `${method} ${path} HTTP/1.1\r\nhost: gateway\r\n${Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;
