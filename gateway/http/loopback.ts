import type { IncomingMessage } from 'node:http';

const NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;
const ADDRESS = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Whether a request comes from this machine and means it. The address alone is not enough: a page of another site whose name leads here
 * (DNS rebinding) makes the browser of this machine ask, but cannot make it write another name into Host. Nor is the name: whoever reaches
 * the port from elsewhere writes what he likes.
 */
export const isFromThisMachine = ({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean =>
  NAME.test(headers.host ?? '') && ADDRESS.test(socket.remoteAddress ?? '');
