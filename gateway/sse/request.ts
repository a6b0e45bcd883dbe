import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { jsonBoundsProblem } from '#kit/jsonBounds.ts';
import { type Asked, readAsked } from '#gateway/operations/operation.ts';

/**
 * The operation of a POST or GET request. Null: it is no operation.
 * @throws COST_LIMIT for JSON in the address too deep or too large; BAD_REQUEST for parameters that are no UTF-8
 */
export function readRequest({ method, url, query, body }: FastifyRequest): Asked | null {
  if (method !== 'GET') return readAsked(body);
  if (!isDecodable(url)) throw badRequest('The parameters of the address are not UTF-8.', 400);
  const { variables, extensions, ...given } = query as Record<string, unknown>;
  for (const text of [variables, extensions]) {
    const problem = typeof text === 'string' ? jsonBoundsProblem(text) : null;
    if (problem !== null) throw clientError('COST_LIMIT', problem, { expected: problem });
  }
  try {
    const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text);
    return readAsked({ ...given, variables: parsed(variables), extensions: parsed(extensions) });
  } catch {
    return null;
  }
}

/** Fastify leaves a parameter that it cannot decode as it was written, which is not the text that was meant. */
function isDecodable(address: string): boolean {
  try {
    decodeURIComponent(address);
    return true;
  } catch {
    return false;
  }
}

/** BAD_REQUEST with a status, and the headers of the answer. */
export const badRequest = (message: string, status: number, headers = new Map<string, string>()): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', http: { status, headers } } });
