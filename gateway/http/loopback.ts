import type { IncomingMessage } from 'node:http';
import { isLoopbackHost } from '#kit/loopbackHost.ts';

const ADDRESS = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Whether a request really comes from this machine. The address alone is not enough: a page of another site whose name
 * resolves to this machine (DNS rebinding) makes the local browser send a request, but cannot make it write another
 * name into Host. Nor is the name enough: a client that reaches the port from elsewhere can write any name.
 */
export const isFromThisMachine = ({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean =>
  isLoopbackHost(headers.host ?? '') && ADDRESS.test(socket.remoteAddress ?? '');
