import type { FastifyInstance } from 'fastify';
import { countOfTypes } from '#gateway/graph/cost/estimate.ts';
import { openBill, type TransportOptions } from '#gateway/operations/operation.ts';
import { contextOf } from './exchange.ts';

/**
 * `GET /sdl`: the schema as the caller's role sees it. It has the bytes of an introspection, and so it has its cost.
 */
export function addSdlRoute(app: FastifyInstance, options: TransportOptions): void {
  const { graph } = options;
  const points = countOfTypes(graph.schema);
  app.get('/sdl', async (request, reply) => {
    const { viewer, address, headers } = await contextOf(options, request, reply);
    headers(await openBill(options, viewer, address).charge(points));
    return reply
      .type('text/plain; charset=utf-8')
      .header('cache-control', 'private, no-store')
      .send(graph.sdl(viewer.role));
  });
}
