import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** As long as any operation may take, and less than the thirty seconds that orchestrators give before they kill. */
export const DRAIN_MS = 20_000;

/**
 * Follows the connections of an HTTP server from its beginning, so that it can end them: Node alone waits until each has been
 * silent for the keep-alive time (a minute here), also where the last answer was given at once.
 * @returns to be called once, just before the server is closed: what is in flight is answered with `connection: close`, what has asked
 *   nothing is cut, and what has not ended by the deadline is too.
 */
export function createDrain(server: Server, deadlineMs: number = DRAIN_MS): () => void {
  /** Opened ahead of what will be asked, as browsers do. Node does not call those idle. */
  const silent = new Set<Socket>();
  const inFlight = new Set<ServerResponse>();
  let isLeaving = false;
  server.on('connection', (socket: Socket) => void silent.add(socket.once('close', () => silent.delete(socket))));
  server.on('request', ({ socket }, response: ServerResponse) => {
    silent.delete(socket);
    inFlight.add(response);
    // It closes once; "once" costs each request a function that is bound anew.
    response.on('close', () => {
      inFlight.delete(response);
      // One whose headers had gone before the end was told that it may be used again.
      if (isLeaving) server.closeIdleConnections();
    });
  });
  return () => {
    isLeaving = true;
    for (const response of inFlight) if (!response.headersSent) response.shouldKeepAlive = false;
    for (const socket of silent) socket.destroy();
    server.closeIdleConnections();
    const deadline = setTimeout(() => server.closeAllConnections(), deadlineMs);
    server.once('close', () => clearTimeout(deadline));
  };
}
