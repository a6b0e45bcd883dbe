import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Exports } from './desk/exports.ts';
import type { ExportReader } from './live/exports.ts';
import type { Topic } from './live/log.ts';
import { SubgraphUnavailable } from './plan/transport.ts';

const refuse = (status: number, code: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { code, http: { status } } });
const unknown = (): GraphQLError => refuse(404, 'NOT_FOUND', 'Your organisation has no such part of an export.');

/** Parts made at once: each is held in memory. */
const MOST_AT_ONCE = 4;

/**
 * `GET /exports/{id}/parts/{n}`: a part as lines of JSON, made by the rights of now. The header `content-digest` (RFC 9530) is of what is
 * sent: it is the digest of the manifest unless rights have changed since.
 */
export const exportRoutes =
  ({ exports, reader }: { readonly exports: Exports; readonly reader: ExportReader }) =>
  async (app: FastifyInstance, viewerOf: (request: FastifyRequest) => Promise<Viewer>): Promise<void> => {
    let making = 0;
    app.get<{ Params: { id: string; n: string } }>('/exports/:id/parts/:n', async (request, reply) => {
      const viewer = await viewerOf(request);
      const { id, n } = request.params;
      const found = may(viewer, 'changes:follow') && viewer.organisation !== null ? await exports.find(viewer, id) : null;
      if (!found) throw unknown();
      if (found.status === 'EXPIRED') throw refuse(410, 'EXPORT_EXPIRED', 'The export is over: take a new one.');
      const part = found.parts.find(({ number }) => String(number) === n);
      if (!part) throw found.status === 'CREATED' || found.status === 'RUNNING' ? refuse(409, 'NOT_READY', 'This part is not made yet, or there is none: ask for the export.') : unknown();
      if (making >= MOST_AT_ONCE) throw refuse(503, 'BUSY', 'Too many parts are being made: come back.');
      making += 1;
      try {
        let hasGone = false;
        request.raw.once('close', () => (hasGone = request.raw.destroyed && !reply.raw.writableEnded));
        const of = { id, organisation: viewer.organisation as string, role: viewer.role, purpose: viewer.purpose, topic: found.topic as Topic, filter: found.filter, selection: found.selection, knownAt: found.knownAt.toISOString(), position: found.position }; // the topic is one by the desk
        const made = await reader.part(of, viewer, { uscc: part.afterUscc, recordId: part.afterRecord }, { uscc: part.toUscc, recordId: part.toRecord }, () => hasGone);
        const bytes = made?.bytes ?? Buffer.alloc(0);
        return await reply
          .header('cache-control', 'no-store')
          .header('content-digest', `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`)
          .type('application/x-ndjson; charset=utf-8')
          .send(bytes);
      } catch (error) {
        throw error instanceof SubgraphUnavailable ? refuse(503, 'SUBGRAPH_UNAVAILABLE', 'The source that keeps these records is unavailable: ask again later.') : error;
      } finally {
        making -= 1;
      }
    });
  };
