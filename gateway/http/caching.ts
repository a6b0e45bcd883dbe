import type { FastifyRequest } from 'fastify';
import type { Answer } from '#gateway/graph/graph.ts';
import type { Asked, ReadOperation } from '#gateway/operations/operation.ts';
import { MAX_AGE_SECONDS } from '#gateway/trustedDocuments/cacheable.ts';

/**
 * What caches may do with a response: they keep that of a catalogue, requested by GET with an id and without any token,
 * for a minute.
 * @param mayBeKept whether the answer of an operation is the same for everybody, see `createCacheRule`
 * @returns headers of the response
 */
export function cachingOf(
  { method, headers }: FastifyRequest,
  asked: Asked,
  read: ReadOperation,
  { errors, extensions }: Answer,
  mayBeKept: (read: ReadOperation) => boolean,
): Readonly<Record<string, string>> {
  if (method !== 'GET' || asked.documentId === undefined) return { 'cache-control': 'no-store' };
  const isWhole =
    // written by gateway/graph/graph.ts
    !errors?.length && (extensions?.['completeness'] as { status?: unknown } | undefined)?.status === 'COMPLETE';
  const isPublic = headers.authorization === undefined && isWhole && mayBeKept(read);
  // A client with a token never receives a cached response for those without, nor the other way round.
  return {
    vary: 'accept, authorization, x-cost, x-purpose, x-unauthorized',
    'cache-control': isPublic ? `public, max-age=${MAX_AGE_SECONDS}` : 'no-store',
  };
}
