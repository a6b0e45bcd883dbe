import type { FastifyRequest } from 'fastify';
import type { DocumentNode, OperationDefinitionNode } from 'graphql';
import type { Operation } from './graph.ts';

/**
 * Query texts that Apollo Server has parsed, validated and handed to the graph before. A plain POST of one of them runs at
 * once: hashing, content negotiation and hooks cost about half of an operation in process (docs/adr/0010-known-texts.md). All
 * else, and every answer that is not plain data, goes through Apollo.
 */
export interface KnownTexts {
  add(text: string, document: DocumentNode, operation: OperationDefinitionNode): void;
  find(request: FastifyRequest): Pick<Operation, 'document' | 'operation' | 'operationName' | 'variables'> | undefined;
}

const MAX_KNOWN = 2000;

export function createKnownTexts(): KnownTexts {
  const known = new Map<string, { document: DocumentNode; operation: OperationDefinitionNode }>();
  return {
    add(text, document, operation) {
      // Only reads: a mutation whose answer has no data must not run again in Apollo. Of several operations Apollo chooses.
      if (operation.operation !== 'query' || known.has(text) || document.definitions.filter(({ kind }) => kind === 'OperationDefinition').length !== 1) return;
      if (known.size >= MAX_KNOWN) known.delete(known.keys().next().value as string); // full, so it has a first key
      known.set(text, { document, operation });
    },
    find({ method, headers, body }) {
      if (method !== 'POST' || !isPlain(headers['content-type'], headers.accept) || !isBody(body)) return undefined;
      const found = known.get(body.query);
      if (!found || (body.operationName ?? found.operation.name?.value) !== found.operation.name?.value) return undefined;
      return { ...found, operationName: found.operation.name?.value, variables: body.variables ?? {} };
    },
  };
}

const isPlain = (contentType: string | undefined, accept: string | undefined): boolean =>
  contentType !== undefined && /^application\/json(;|$)/.test(contentType) && (accept === undefined || accept === '*/*' || accept === 'application/json');

interface Body {
  readonly query: string;
  readonly operationName?: string | null;
  readonly variables?: Record<string, unknown> | null;
}

const isBody = (body: unknown): body is Body => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { query, operationName, variables, ...rest } = body as Record<string, unknown>;
  return (
    typeof query === 'string' &&
    (operationName === undefined || operationName === null || typeof operationName === 'string') &&
    (variables === undefined || variables === null || (typeof variables === 'object' && !Array.isArray(variables))) &&
    Object.keys(rest).length === 0
  );
};
