import type { FastifyInstance } from 'fastify';
import type { Readiness } from './readiness.ts';

/** `GET /health/live` and `GET /health/ready`, which any client may call. @param readiness left out: all is well */
export function addHealthRoutes(app: FastifyInstance, readiness?: () => Promise<Readiness>): void {
  app.get('/health/live', () => ({ status: 'ok' }));
  app.get('/health/ready', async (_, reply) => {
    const ready = (await readiness?.()) ?? { status: 'ok', unavailable: [], knownThrough: {} };
    return reply.code(ready.status === 'unavailable' ? 503 : 200).send(ready);
  });
}
