import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

// Receivers of webhooks: real HTTP servers that answer as a test says.

export interface Received {
  readonly headers: IncomingHttpHeaders;
  /** As it came. */
  readonly text: string;
  readonly body: { readonly type: string; readonly webhook: string; readonly cursor: string; readonly at: string };
  /** Whether it is signed with this secret, among others; checked as a receiver would, by the specification. */
  isSignedWith(secret: string): boolean;
}

/** What a receiver does with the n-th request, from 1. */
export type Answering = (response: ServerResponse, number: number) => void;

export const answers =
  (status: number, headers: Record<string, string> = {}, body = ''): Answering =>
  (response) =>
    void response.writeHead(status, headers).end(body);
export const accepts = answers(200);
/** Takes the request and says nothing. */
export const hangs: Answering = () => {};
export const failsFirst =
  (times: number): Answering =>
  (response, number) =>
    void response.writeHead(number > times ? 204 : 500).end();

export interface Receiver extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** All that have come. */
  readonly received: readonly Received[];
  /** Connections that are open. */
  readonly open: number;
  /** Connections that were made. */
  readonly connections: number;
  /** The next request that nobody has waited for. */
  next(): Promise<Received>;
  /** From now on. */
  will(answer: Answering): void;
}

export async function startReceiver(
  answer: Answering = accepts,
  { port = 0, host = '127.0.0.1' }: { readonly port?: number; readonly host?: string } = {},
): Promise<Receiver> {
  let answering = answer;
  let asked = 0;
  let open = 0;
  let connections = 0;
  const received: Received[] = [];
  const waiting: ((received: Received) => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { headers } = request;
      const item: Received = {
        headers,
        text,
        body: JSON.parse(text),
        isSignedWith: (secret) => signaturesOf(headers).includes(signed(secret, headers, text)),
      };
      received.push(item);
      waiting.splice(0).forEach((resolve) => resolve(item));
      answering(response, received.length);
    });
  });
  server.on('connection', (socket) => {
    connections += 1;
    open += 1;
    socket.on('close', () => (open -= 1));
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${bound}/hooks`,
    port: bound,
    received,
    get open() {
      return open;
    },
    get connections() {
      return connections;
    },
    async next() {
      const mine = asked++;
      while (received.length <= mine) await new Promise<Received>((resolve) => waiting.push(resolve));
      return received[mine] as Received;
    },
    will: (next) => {
      answering = next;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const signaturesOf = (headers: IncomingHttpHeaders): string[] => String(headers['webhook-signature']).split(' ');

function signed(secret: string, headers: IncomingHttpHeaders, text: string): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return `v1,${createHmac('sha256', key)
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${text}`)
    .digest('base64')}`;
}
