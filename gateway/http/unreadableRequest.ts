import type { Socket } from 'node:net';
import { answerOn } from '#kit/http/rawAnswer.ts';

/**
 * How long a client has for each step of a request. Responses have the deadline of their operation, and must be read
 * (http/connections.ts).
 */
export interface RequestTiming {
  readonly headersMs: number;
  readonly requestMs: number;
}

export const standardTiming: RequestTiming = { headersMs: 10_000, requestMs: 120_000 };

const refusals = ({
  headersMs,
  requestMs,
}: RequestTiming): Readonly<Record<string, readonly [status: string, message: string]>> => ({
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'The address and the headers of a request have at most 16 KB: send the query by POST.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    `The headers of a request are sent within ${headersMs / 1000} seconds, all of it within ${requestMs / 1000}.`,
  ],
});

/** For a request that Node's parser refuses: there is only the socket. @param code of the parser's error */
export function answerUnreadable(code: string, socket: Socket, timing: RequestTiming): void {
  if (code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, message] = refusals(timing)[code] ?? ['400 Bad Request', 'What was sent is no HTTP request.'];
  answerOn(socket, status, message);
}
