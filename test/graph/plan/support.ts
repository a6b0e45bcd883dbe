import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildSubgraphSchema } from '@apollo/subgraph';
import type { GraphQLResolverMap } from '@apollo/subgraph';
import { composeServices } from '@theguild/federation-composition';
import { GraphQLError, Kind, execute, parse, validate, visit } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, GraphQLScalarType, GraphQLSchema } from 'graphql';
import { executePlan } from '#gateway/graph/engine/execute.ts';
import type { AbsentRule, PlanResult } from '#gateway/graph/engine/execute.ts';
import { answerIntrospection } from '#gateway/graph/engine/document.ts';
import { createHttpTransport } from '#gateway/graph/engine/httpTransport.ts';
import { createInProcessTransport } from '#gateway/graph/engine/inProcessTransport.ts';
import { createPlanner } from '#gateway/graph/engine/planner.ts';
import type { Planner } from '#gateway/graph/engine/planner.ts';
import { prepareOperation } from '#gateway/graph/engine/selection.ts';
import { SubgraphUnavailable } from '#gateway/graph/engine/transport.ts';
import type { SubgraphCall, Transport } from '#gateway/graph/engine/transport.ts';
import { coerceVariables } from '#gateway/graph/engine/variables.ts';
import { testPlanners } from '#test/support/planners.ts';

const planners = testPlanners();

export interface Source {
  sdl: string;
  resolvers?: object;
}

export const TRANSPORTS = ['in process', 'over HTTP'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

export interface Ask {
  variables?: Record<string, unknown>;
  operationName?: string;
  /** Field names denied: answered null and not planned. */
  denied?: readonly string[];
  absent?: AbsentRule;
  signal?: AbortSignal;
}

export interface Graph extends AsyncDisposable {
  planner: Planner;
  /** The answer as it would go over the wire, the same in three runs (`calls` and `heard` are those of the first). */
  ask(query: string, options?: Ask): Promise<{ data?: unknown; errors?: unknown; missing?: PlanResult['missing'] }>;
  result(query: string, options?: Ask): Promise<PlanResult>;
  /** Calls that reached a transport, in order. */
  calls: { service: string; document: string; variables: Record<string, unknown> }[];
  /** What the client did not receive. */
  heard: { source: string; error: unknown; count: number }[];
  stop(service: string): Promise<void>;
}

export interface GraphOptions {
  scalars?: Record<string, GraphQLScalarType>;
  /** Stands in for a subgraph's HTTP server. */
  handlers?: Record<string, (request: IncomingMessage, response: ServerResponse) => void>;
  /** Stands in for a subgraph's transport. */
  transports?: Record<string, Transport>;
  timeoutMs?: number;
  maxBytes?: number;
}

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@shareable", "@requires", "@provides", "@external", "@inaccessible", "@override", "@interfaceObject"])\n`;

export const PUBLIC_CODES: ReadonlySet<string> = new Set(['NOT_FOUND', 'BAD_USER_INPUT', 'SUBGRAPH_UNAVAILABLE']);

export function supergraphOf(sources: Record<string, Source>): string {
  const composed = composeServices(
    Object.entries(sources).map(([name, { sdl }]) => ({
      name,
      url: `http://${name}.invalid/graphql`,
      typeDefs: parse(LINK + sdl),
    })),
  );
  if (!composed.supergraphSdl) throw new AggregateError(composed.errors ?? [], String(composed.errors));
  return composed.supergraphSdl;
}

export const subgraphSchema = ({ sdl, resolvers }: Source): GraphQLSchema =>
  buildSubgraphSchema([{ typeDefs: parse(LINK + sdl), resolvers: (resolvers ?? {}) as GraphQLResolverMap<unknown> }]);

/** Composes real subgraphs and starts them in this process or as HTTP servers on free ports. */
export async function startGraph(
  kind: TransportKind,
  sources: Record<string, Source>,
  options: GraphOptions = {},
): Promise<Graph> {
  const stack = new AsyncDisposableStack();
  const planner = createPlanner(supergraphOf(sources), {
    planners,
    ...(options.scalars ? { scalars: options.scalars } : null),
  });
  const services = new Map<string, Service>();
  const calls: Graph['calls'] = [];
  const heard: Graph['heard'] = [];
  for (const [name, source] of Object.entries(sources))
    services.set(name, await startService(name, kind, source, options, stack));
  const transports = Object.fromEntries(
    [...services].map(([service, { transport }]): [string, Transport] => [
      service,
      {
        execute(call: SubgraphCall) {
          calls.push({ service, document: call.operation.document, variables: structuredClone(call.variables) });
          return transport.execute(call);
        },
      },
    ]),
  );
  const prepareHere = (query: string, ask?: Ask) => prepare({ planner, transports, heard }, query, ask);
  return {
    planner,
    calls,
    heard,
    result: async (query, ask) => (await prepareHere(query, ask))(),
    async ask(query, ask) {
      const run = await prepareHere(query, ask);
      const wire = async (): Promise<string> => {
        const { data, errors, missing } = await run();
        if (errors?.some((error) => !(error instanceof GraphQLError))) throw new Error('not a GraphQLError');
        return JSON.stringify({ data, ...(errors ? { errors } : {}), ...(missing.length > 0 ? { missing } : {}) });
      };
      const first = await wire();
      const counts = { calls: calls.length, heard: heard.length };
      // Later runs go through compiled queries and projections: they must answer the same.
      const again = ask?.signal ? 0 : 2;
      for (let round = 0; round < again; round += 1) expect(await wire()).toBe(first);
      calls.length = counts.calls;
      heard.length = counts.heard;
      return JSON.parse(first);
    },
    stop: async (service) => {
      await services.get(service)?.stop();
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface Service {
  readonly transport: Transport;
  /** From then on it is out of reach. */
  readonly stop: () => Promise<void>;
}

async function startService(
  name: string,
  kind: TransportKind,
  source: Source,
  options: GraphOptions,
  stack: AsyncDisposableStack,
): Promise<Service> {
  const schema = subgraphSchema(source);
  const given = options.transports?.[name];
  if (given) return stoppable(given);
  if (kind === 'over HTTP') return startHttpService(options.handlers?.[name] ?? answerWith(schema), options, stack);
  return stoppable(createInProcessTransport(schema, (call) => ({ contextValue: call.context })));
}

function stoppable(transport: Transport): Service {
  let isStopped = false;
  return {
    transport: {
      execute: (call) =>
        isStopped
          ? Promise.reject(new SubgraphUnavailable('connect ECONNREFUSED 10.0.0.7:4002'))
          : transport.execute(call),
    },
    stop: async () => void (isStopped = true),
  };
}

async function startHttpService(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  { timeoutMs, maxBytes }: GraphOptions,
  stack: AsyncDisposableStack,
): Promise<Service> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  stack.defer(close);
  const { port } = server.address() as AddressInfo;
  const transport = createHttpTransport({
    url: `http://127.0.0.1:${port}/graphql`,
    headers: () => ({ 'x-test': 'yes' }),
    timeoutMs: timeoutMs ?? 5_000,
    ...(maxBytes ? { maxBytes } : {}),
  });
  stack.use(transport);
  return { transport, stop: close };
}

interface Parts {
  readonly planner: Planner;
  readonly transports: Readonly<Record<string, Transport>>;
  readonly heard: Graph['heard'];
}

/** Returns the operation ready to be run any number of times, as a gateway that caches documents would. */
async function prepare(
  { planner, transports, heard }: Parts,
  query: string,
  ask: Ask = {},
): Promise<() => Promise<PlanResult>> {
  const document = parse(query);
  const invalid = validate(planner.schema, document);
  if (invalid.length > 0) throw new AggregateError(invalid, invalid[0]?.message);
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments[one.name.value] = one;
  const operation = document.definitions.find(
    (one) => one.kind === Kind.OPERATION_DEFINITION && (!ask.operationName || one.name?.value === ask.operationName),
  );
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no operation');
  const coerced = coerceVariables(planner.schema, operation, ask.variables);
  if (coerced.errors) return async () => ({ data: null, errors: [...coerced.errors], missing: [], extensions: [] });

  const denied = new Set<FieldNode>();
  visit(document, {
    Field(field) {
      if (ask.denied?.includes(field.name.value)) denied.add(field);
    },
  });
  const prepared = prepareOperation(planner, operation, fragments, coerced.variables, denied, ask.absent);
  const plan = prepared.document ? await planner.plan(prepared.document) : { kind: 'QueryPlan' as const };
  return () =>
    executePlan({
      plan,
      prepared,
      schema: planner.schema,
      keys: planner.keys,
      rawVariables: coerced.rawVariables,
      transports,
      context: {},
      signal: ask.signal,
      publicCodes: PUBLIC_CODES,
      absent: ask.absent,
      introspection: answerIntrospection(planner.schema, operation, fragments, coerced.variables),
      onSubgraphError: (source, error, count) => void heard.push({ source, error, count }),
    });
}

/** A subgraph over HTTP in twenty lines: what the transport must work with, and no more. */
export const answerWith =
  (schema: GraphQLSchema) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void (async () => {
        const { query, variables, operationName } = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        const document = parse(query);
        const invalid = validate(schema, document);
        const result =
          invalid.length > 0
            ? { errors: invalid }
            : await execute({ schema, document, variableValues: variables, operationName, contextValue: {} });
        response.setHeader('content-type', 'application/json').end(JSON.stringify(result));
      })();
    });
  };

export const unavailableError = (source: string, ...path: (string | number)[]) => ({
  message: `The ${source} source is unavailable.`,
  path,
  extensions: { code: 'SUBGRAPH_UNAVAILABLE', source, retryable: true },
});

export const internalError = (...path: (string | number)[]) => ({
  message: 'Internal error',
  path,
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
});

export const lacking = (source: string, ...paths: string[]) => ({ missing: [{ source, paths }] });

export const notFound = (message: string, ...path: (string | number)[]) => ({
  message,
  path,
  extensions: { code: 'NOT_FOUND' },
});
