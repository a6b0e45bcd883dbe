import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { faultOf } from '#kit/faults.ts';
import type { Log } from '#kit/log.ts';
import { createOutage } from '#kit/outage.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { Gone } from '#gateway/changes/gate.ts';
import type { Exports } from './repository.ts';
import type { ExportStatus } from './resolvers.generated.ts';
import type { ExportContent, ExportReader } from './reader.ts';

const refuse = (status: number, code: string, message: string): GraphQLError =>
  new GraphQLError(message, {
    extensions: { code, ...(status === 503 ? { retryable: true } : null), http: { status } },
  });
const unknown = (): GraphQLError => refuse(404, 'NOT_FOUND', 'Your organisation has no such part of an export.');

/** The maximum of parts made at once: each is held in memory. */
const MAX_AT_ONCE = 4;
/** How long a part may take to be made, and a reader to accept the next piece of it. */
const MAKING_MS = 30_000;
const TAKING_MS = 60_000;

/**
 * `GET /exports/{id}/parts/{n}`: a part as lines of JSON, made by the present rights. The header `content-digest` (RFC
 * 9530) covers the bytes that are sent: it equals the digest in the manifest unless rights have changed since.
 */
export const exportRoutes =
  ({ exports, reader, log }: { readonly exports: Exports; readonly reader: ExportReader; readonly log: Log }) =>
  async (app: FastifyInstance, viewerOf: (request: FastifyRequest) => Promise<Viewer>): Promise<void> => {
    let making = 0;
    const outage = createOutage({
      log,
      began: 'a part of an export could not be made; it is answered with 503',
      over: 'parts of exports are made again',
    });
    app.get<{ Params: { id: string; n: string } }>('/exports/:id/parts/:n', async (request, reply) => {
      const viewer = await viewerOf(request);
      const { id, n } = request.params;
      const found =
        may(viewer, 'changes:follow') && viewer.organisation !== null ? await exports.find(viewer, id) : null;
      if (!found) throw unknown();
      if (found.purpose !== viewer.purpose)
        throw refuse(
          400,
          'PURPOSE_REQUIRED',
          found.purpose === null
            ? 'This export was made for no purpose: leave out the header x-purpose.'
            : `This export was made for the purpose ${found.purpose}: name it in the header x-purpose.`,
        );
      if (isOver(found.status)) throw refuse(410, 'EXPORT_OVER', `The export is ${found.status}: take a new one.`);
      const part = found.parts.find(({ number }) => String(number) === n);
      if (!part)
        throw found.status === 'COMPLETED'
          ? unknown()
          : refuse(409, 'NOT_READY', 'This part is not made yet, or there is none: ask for the export.');
      if (making >= MAX_AT_ONCE) throw refuse(503, 'BUSY', 'Too many parts are being made: come back.');
      let hasGone = false;
      request.raw.once('close', () => (hasGone = request.raw.destroyed && !reply.raw.writableEnded));
      const until = performance.now() + MAKING_MS;
      const { organisation, role, province, sector, purpose } = viewer;
      const { topic, filter, selection, position } = found;
      const content: ExportContent = {
        id,
        organisation: organisation as string,
        role,
        province,
        sector,
        purpose,
        topic,
        filter,
        selection,
        knownAt: found.knownAt.toISOString(),
        position,
      };
      making += 1;
      let bytes: Buffer;
      try {
        const made = await reader.part({
          content,
          viewer,
          from: { uscc: part.afterUscc, recordId: part.afterRecord },
          to: { uscc: part.toUscc, recordId: part.toRecord },
          isOver: () => hasGone || performance.now() > until,
        });
        bytes = made?.bytes ?? Buffer.alloc(0);
        outage.succeeded();
      } catch (error) {
        if (!faultOf(error) && !(error instanceof Gone)) throw error;
        if (!hasGone) outage.failed(error); // a reader that disconnects is no outage
        throw refuse(503, 'SUBGRAPH_UNAVAILABLE', 'A source of these records is unavailable: ask again later.');
      } finally {
        making -= 1;
      }
      // A client that does not read is not waited for.
      reply.raw.setTimeout(TAKING_MS, () => request.raw.destroy());
      return reply
        .header('cache-control', 'no-store')
        .header('content-digest', `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`)
        .type('application/x-ndjson; charset=utf-8')
        .send(bytes);
    });
  };

const isOver = (status: ExportStatus): boolean =>
  status === 'EXPIRED' || status === 'FAILED' || status === 'CANCELLING' || status === 'CANCELLED';
