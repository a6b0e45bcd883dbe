import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { Log } from '#kit/log.ts';
import { faultOf } from '#kit/faults.ts';
import { createOutage } from '#kit/outage.ts';
import { may } from '#policy/actions.ts';
import type { Viewer } from '#policy/viewer.ts';
import { keeperOf } from './filingKinds.ts';
import type { FilingRepository } from './repository.ts';
import { RETRY_AFTER_SECONDS } from '#gateway/graph/errors.ts';
import { FILED } from '#kit/http/charset.ts';
import type { Source } from '#gateway/graph/sources.ts';

/** A part is held in memory once, so that its digest is checked before any row of it is recorded. */
export const MAX_PART_BYTES = 16 * 1024 * 1024;

interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly reason?: string;
  readonly retryable?: boolean;
}

/**
 * `PUT /filings/{id}/parts/{n}`: the bytes of one part of a filing. A header `content-digest: sha-256=:BASE64:` (RFC
 * 9530) is compared with the bytes that arrived. Sending a recorded part again returns the first outcome, other bytes a
 * conflict.
 */
export const filingRoutes =
  (options: { filings: FilingRepository; sources: readonly Source[]; log: Log; onCommit: () => void }) =>
  async (app: FastifyInstance, viewerOf: (request: FastifyRequest) => Promise<Viewer>): Promise<void> => {
    await app.register((intake, _, done) => {
      const outage = createOutage({
        log: options.log,
        began: 'a part of a filing could not be recorded; it is answered with 503',
        over: 'parts of filings are recorded again',
      });
      intake.removeAllContentTypeParsers();
      intake.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_PART_BYTES }, (_request, body, parsed) =>
        parsed(null, body),
      );
      const part = {
        bodyLimit: MAX_PART_BYTES,
        config: { charsets: FILED },
        onRequest: async (request: FastifyRequest) => requireFiler(await viewerOf(request)),
      };
      intake.put<{ Params: { id: string; n: string }; Body: Buffer | null }>(
        '/filings/:id/parts/:n',
        part,
        async (request, reply) => {
          try {
            const viewer = await viewerOf(request);
            const outcome = await recordPart(options, viewer, request);
            outage.succeeded();
            options.onCommit();
            return await reply.send(outcome);
          } catch (error) {
            const { status, ...extensions } = refusalOf(error);
            if (status === 500) options.log.error({ err: error }, 'a part could not be recorded');
            const { message, ...rest } = extensions;
            if (status === 503) outage.failed(error);
            if (status === 503) reply.header('retry-after', RETRY_AFTER_SECONDS);
            return reply.code(status).send({ errors: [{ message, extensions: rest }] });
          }
        },
      );
      done();
    });
  };

class PartRefused extends Error {
  readonly refused: Refused;
  constructor(refused: Refused) {
    super(refused.message);
    this.refused = refused;
  }
}

/** Before any of the part is read. */
function requireFiler(viewer: Viewer): void {
  if (!may(viewer, 'filing:create'))
    throw new GraphQLError('Your role may not file.', {
      extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE', http: { status: 403 } },
    });
}

async function recordPart(
  { filings, sources }: { filings: FilingRepository; sources: readonly Source[] },
  viewer: Viewer,
  request: FastifyRequest<{ Params: { id: string; n: string }; Body: Buffer | null }>,
): Promise<unknown> {
  const { id, n } = request.params;
  const filing = await filings.findFiling(viewer, id);
  if (!filing)
    throw new PartRefused({ status: 404, code: 'NOT_FOUND', message: 'Your organisation has no filing with this id.' });
  const number = /^\d{1,5}$/.test(n) ? Number(n) : 0;
  if (number < 1 || number > filing.partsExpected)
    throw new PartRefused({
      status: 400,
      code: 'BAD_USER_INPUT',
      reason: 'PART_NUMBER',
      message: `This filing has parts 1 to ${filing.partsExpected}.`,
    });
  const bytes = request.body ?? Buffer.alloc(0);
  const digest = createHash('sha256').update(bytes).digest();
  const claimed = /^sha-256=:([A-Za-z0-9+/=]+):$/.exec(String(request.headers['content-digest'] ?? ''))?.[1];
  if (claimed !== undefined && !Buffer.from(claimed, 'base64').equals(digest))
    throw new PartRefused({
      status: 400,
      code: 'BAD_USER_INPUT',
      reason: 'DIGEST',
      message: 'The bytes that arrived are not those of content-digest: send the part again.',
    });
  const known = filing.parts.find((part) => part.number === number);
  if (known) {
    if (!digest.equals(known.digest))
      throw new PartRefused({
        status: 409,
        code: 'CONFLICT',
        message: `Part ${number} was recorded with other bytes.`,
      });
    return filings.findPart(filing, number);
  }
  if (!['CREATED', 'RUNNING'].includes(filing.status))
    throw new PartRefused({ status: 409, code: 'CONFLICT', message: 'The filing is completed.' });
  const outcome = await keeperOf(sources, filing.kind).file(
    viewer,
    {
      filingId: filing.id,
      number,
      kind: filing.kind,
      format: filing.format === 'NDJSON' ? 'NDJSON' : 'CSV',
      replaces: filing.mode === 'REPLACE',
    },
    Readable.from([bytes]),
  );
  await filings.savePart(viewer, filing.id, number, digest, outcome);
  return outcome;
}

function refusalOf(error: unknown): Refused {
  if (error instanceof PartRefused) return error.refused;
  const fault = faultOf(error);
  if (fault) {
    // The fault may be in the source, its database or the gateway.
    const why = fault.code === 'DEADLINE' ? 'it took too long' : 'what keeps these records is unavailable';
    const message = `The part was not recorded, since ${why}: send it again later.`;
    return { status: 503, code: fault.code, retryable: fault.retryable, message };
  }
  const extensions =
    error instanceof Error && 'extensions' in error
      ? (error.extensions as { code?: string; http?: { status?: number } })
      : undefined;
  if (extensions?.code) {
    const { http, code, ...rest } = extensions;
    return { ...rest, status: http?.status ?? 400, code, message: (error as Error).message };
  }
  return { status: 500, code: 'INTERNAL_SERVER_ERROR', message: 'Internal error' };
}
