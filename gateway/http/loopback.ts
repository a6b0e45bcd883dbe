import type { IncomingMessage } from 'node:http';
import { isLoopbackHost } from '#kit/loopbackHost.ts';

const ADDRESS = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Whether a request comes from this machine and means it. The address alone is not enough: a page of another site whose name leads here
 * (DNS rebinding) makes the browser of this machine ask, but cannot make it write another name into Host. Nor is the name: whoever reaches
 * the port from elsewhere writes what he likes.
 */
export const isFromThisMachine = ({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean =>
  isLoopbackHost(headers.host ?? '') && ADDRESS.test(socket.remoteAddress ?? '');
