import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** As long as any operation may take, and less than the thirty seconds that orchestrators allow before they kill. */
export const DRAIN_MS = 20_000;

/**
 * Follows the connections of an HTTP server from its beginning, so that it can end them. Node alone waits until each
 * has been silent for the keep-alive time (a minute here), even where the last answer was sent at once.
 * @param deadlineMs how long requests in flight may take, in milliseconds
 * @returns to be called once, just before the server is closed: requests in flight are answered with `connection:
 * close`, connections without a request are cut, and so is what has not ended by the deadline
 */
export function createDrain(server: Server, deadlineMs: number = DRAIN_MS): () => void {
  /** Connections opened ahead of a request, as browsers do. Node does not count those as idle. */
  const silent = new Set<Socket>();
  const inFlight = new Set<ServerResponse>();
  let isLeaving = false;
  server.on('connection', (socket: Socket) => void silent.add(socket.once('close', () => silent.delete(socket))));
  server.on('request', ({ socket }, response: ServerResponse) => {
    silent.delete(socket);
    inFlight.add(response);
    // It closes once; "once" costs each request a newly bound function.
    response.on('close', () => {
      inFlight.delete(response);
      // A response whose headers were sent before the end allowed its connection to be used again.
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
