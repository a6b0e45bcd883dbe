import { createExplorer } from '#gateway/http/explorer/explorer.ts';
import { savedQueries } from '#gateway/http/explorer/savedQueries.ts';
import { startDemoGraph, type DemoGraph } from '#test/support/demo.ts';
import { organisationOf } from '#test/support/graph.ts';

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

/** The gateway with demo data, its explorer, and one role's token to choose. */
export async function startServer(): Promise<StartedServer> {
  const role = 'AUDITOR';
  let graph: DemoGraph | undefined;
  const explorer = await createExplorer({
    savedQueries,
    tokens: () =>
      Promise.resolve([
        { role: 'PUBLIC', token: null },
        { role, token: graph?.tokenOf(role) ?? null },
      ]),
  });
  graph = await startDemoGraph({
    entities: 60,
    routes: [
      async (app) => {
        await app.register(explorer);
      },
    ],
  });
  const { organisation } = organisationOf('SUBJECT');
  const [profile] = await graph.sql("select content ->> 'name' as name from entity.profile where uscc = $1", [
    organisation,
  ]);
  const running = graph;
  return {
    origin: graph.url,
    savedQuery: 'Credit file (信用档案)',
    operationName: 'CreditFile',
    answerParts: [`"${organisation}"`, `"${String(profile?.['name'])}"`],
    role,
    token: graph.tokenOf(role),
    fieldOfRole: 'grants',
    purpose: 'SUPERVISION',
    [Symbol.asyncDispose]: async () => running[Symbol.asyncDispose](),
  };
}
