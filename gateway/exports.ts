import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { faultOf } from '#kit/faults.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { Gone } from './changes/gate.ts';
import type { Exports } from './desk/exports.ts';
import type { ExportStatus } from './desk/resolvers.generated.ts';
import type { ExportReader } from './live/exports.ts';
import type { Topic } from './live/log.ts';

const refuse = (status: number, code: string, message: string): GraphQLError => new GraphQLError(message, { extensions: { code, ...(status === 503 ? { retryable: true } : null), http: { status } } });
const unknown = (): GraphQLError => refuse(404, 'NOT_FOUND', 'Your organisation has no such part of an export.');

/** Parts made at once: each is held in memory. */
const MOST_AT_ONCE = 4;
/** How long a part may take to be made, and a reader to take the next of it. */
const MAKING_MS = 30_000;
const TAKING_MS = 60_000;

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
      if (found.purpose !== viewer.purpose) throw refuse(400, 'PURPOSE_REQUIRED', found.purpose === null ? 'This export was made for no purpose: leave out the header x-purpose.' : `This export was made for the purpose ${found.purpose}: name it in the header x-purpose.`);
      if (isOver(found.status)) throw refuse(410, 'EXPORT_OVER', `The export is ${found.status}: take a new one.`);
      const part = found.parts.find(({ number }) => String(number) === n);
      if (!part) throw found.status === 'COMPLETED' ? unknown() : refuse(409, 'NOT_READY', 'This part is not made yet, or there is none: ask for the export.');
      if (making >= MOST_AT_ONCE) throw refuse(503, 'BUSY', 'Too many parts are being made: come back.');
      let hasGone = false;
      request.raw.once('close', () => (hasGone = request.raw.destroyed && !reply.raw.writableEnded));
      const until = performance.now() + MAKING_MS;
      const { organisation, role, province, sector, purpose } = viewer;
      const { topic, filter, selection, position } = found;
      const of = { id, organisation: organisation as string, role, province, sector, purpose, topic: topic as Topic, filter, selection, knownAt: found.knownAt.toISOString(), position }; // the topic is one by the desk
      making += 1;
      let bytes: Buffer;
      try {
        const made = await reader.part(of, viewer, { uscc: part.afterUscc, recordId: part.afterRecord }, { uscc: part.toUscc, recordId: part.toRecord }, () => hasGone || performance.now() > until);
        bytes = made?.bytes ?? Buffer.alloc(0);
      } catch (error) {
        throw faultOf(error) || error instanceof Gone ? refuse(503, 'SUBGRAPH_UNAVAILABLE', 'A source of these records is unavailable: ask again later.') : error;
      } finally {
        making -= 1;
      }
      // Whoever asks and does not read is not waited for.
      reply.raw.setTimeout(TAKING_MS, () => request.raw.destroy());
      return reply
        .header('cache-control', 'no-store')
        .header('content-digest', `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`)
        .type('application/x-ndjson; charset=utf-8')
        .send(bytes);
    });
  };

const isOver = (status: ExportStatus): boolean => status === 'EXPIRED' || status === 'FAILED' || status === 'CANCELLING' || status === 'CANCELLED';
