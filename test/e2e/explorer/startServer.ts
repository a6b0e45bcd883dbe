import Fastify from 'fastify';
import { buildSchema, graphql } from 'graphql';
import { createExplorer } from '#gateway/explorer/explorer.ts';

export interface StartedServer {
  /** Without a path or a slash at the end. */
  origin: string;
  /** Name of one saved query, and of the operation in it. */
  savedQuery: string;
  operationName: string;
  /** What the answer panel shows after the saved query ran as `role`, part by part. */
  answerParts: string[];
  role: string;
  token: string;
  /** A query field that `role` sees in the docs and PUBLIC does not. */
  fieldOfRole: string;
  purpose: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A stand-in with the gateway's addresses and two role views. */
export async function startServer(): Promise<StartedServer> {
  const token = 'token-of-the-assessor';
  const views = {
    PUBLIC: buildSchema('type Query { entity(uscc: String!): Entity } type Entity { uscc: String! name: String }'),
    ASSESSOR: buildSchema(`
      type Query { entity(uscc: String!): Entity accessLog: [String!] }
      type Entity { uscc: String! name: String }
    `),
  };
  const rootValue = {
    entity: ({ uscc }: { uscc: string }) => ({ uscc, name: '示例科技有限公司' }),
    accessLog: () => [],
  };
  const savedQuery = {
    name: 'One entity',
    query: 'query OneEntity($uscc: String!) {\n  entity(uscc: $uscc) {\n    uscc\n    name\n  }\n}\n',
    variables: { uscc: '91110000000000000A' },
  };

  const app = Fastify();
  await app.register(
    await createExplorer({
      savedQueries: [{ name: 'Who answers', query: '{\n  __typename\n}\n' }, savedQuery],
      tokens: async () => [
        { role: 'PUBLIC', token: null },
        { role: 'ASSESSOR', token },
      ],
    }),
  );
  app.post<{ Body: { query: string; operationName?: string; variables?: Record<string, unknown> } }>(
    '/graphql',
    async ({ body, headers }) =>
      graphql({
        schema: headers.authorization === `Bearer ${token}` ? views.ASSESSOR : views.PUBLIC,
        source: body.query,
        rootValue,
        ...(body.variables && { variableValues: body.variables }),
        ...(body.operationName && { operationName: body.operationName }),
      }),
  );
  const origin = await app.listen({ port: 0, host: '127.0.0.1' });

  return {
    origin,
    savedQuery: savedQuery.name,
    operationName: 'OneEntity',
    answerParts: ['91110000000000000A', '示例科技有限公司'],
    role: 'ASSESSOR',
    token,
    fieldOfRole: 'accessLog',
    purpose: 'ASSESSMENT',
    async [Symbol.asyncDispose]() {
      await app.close();
    },
  };
}
