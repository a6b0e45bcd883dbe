import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Checks whether a port is free, so that a conflict is reported before anything else is started.
 * @param port 0: any free one, which always exists
 * @throws Error in a sentence when another process has it, or it may not be used
 */
export async function checkPort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const place = `Port ${port} of ${host}`;
    if (code === 'EADDRINUSE')
      throw new Error(`${place} is in use: stop what listens there, or set PORT to another.`, { cause: error });
    if (code === 'EACCES')
      throw new Error(`${place} may not be used by this user: set PORT to one above 1023.`, { cause: error });
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new Error(`This machine has no address ${host}: set HOST to one that it has.`, { cause: error });
    throw error;
  }
  server.close();
  await once(server, 'close');
}
