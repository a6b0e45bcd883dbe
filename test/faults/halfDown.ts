import { once } from 'node:events';
import { createServer, request as ask } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * A subgraph that is half down (F11), before one that is well: of twenty calls ten are 503, four take three seconds,
 * two are a page of HTML with status 200, one breaks off in the middle of its JSON, and three are answered.
 */
export async function startHalfDown(port: number): Promise<AsyncDisposable & { readonly port: number }> {
  let calls = 0;
  const server = createServer((incoming, response) => {
    const turn = (calls += 7) % 20; // 7 and 20 have no divisor in common: every kind comes in turn, mixed
    const answer = async (): Promise<void> => {
      if (turn < 10) return void response.writeHead(503).end('busy');
      if (turn < 12)
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>It works</body></html>');
      if (turn < 16) await pause(3000);
      const { method, url, headers } = incoming;
      const onward = ask({ host: '127.0.0.1', port, method, path: url, headers });
      onward.on('error', () => response.destroy());
      incoming.pipe(onward);
      const [reply] = (await once(onward, 'response')) as [import('node:http').IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of reply) chunks.push(chunk as Buffer);
      const whole = Buffer.concat(chunks);
      const { connection: _, 'content-length': __, 'transfer-encoding': ___, ...kept } = reply.headers;
      response.writeHead(reply.statusCode ?? 502, kept).end(turn === 16 ? whole.subarray(0, whole.length / 2) : whole);
    };
    void answer().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port, // listening on a port, so it is one
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
