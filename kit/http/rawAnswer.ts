import type { Duplex } from 'node:stream';
import { requestIdOf } from '#kit/telemetry/scope.ts';

/**
 * Answers where there is only the socket: requests that Node's parser refuses, and upgrades that fail. The connection
 * ends with the answer.
 */
export function answerOn(socket: Duplex, status: string, message: string, headers: readonly string[] = []): void {
  const body = `${JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST' } }] })}\n`;
  const head = [
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    `x-request-id: ${requestIdOf(undefined)}`,
    'connection: close',
    ...headers,
  ];
  socket.end(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
}
