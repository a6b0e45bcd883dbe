import { execute, getOperationAST, isAbstractType, isObjectType, Kind, parse, validate } from 'graphql';
import type {
  DocumentNode,
  ExecutionResult,
  GraphQLFieldResolver,
  GraphQLSchema,
  OperationDefinitionNode,
} from 'graphql';
import { createPlannerPool } from '#gateway/graph/engine/plannerPool.ts';
import { createGraph } from '#gateway/graph/graph.ts';
import type { Answer, Graph } from '#gateway/graph/graph.ts';
import { createInProcessTransport } from '#gateway/graph/engine/inProcessTransport.ts';
import { SubgraphUnavailable } from '#gateway/graph/engine/transport.ts';
import type { SubgraphCall, SubgraphError, SubgraphResult, Transport } from '#gateway/graph/engine/transport.ts';
import { silentLog } from '#kit/log.ts';
import { publicViewer } from '#policy/viewer.ts';
import { createTrace, judge } from './judge.ts';
import type { Problem, Trace } from './judge.ts';
import { createValues, rootThing } from './values.ts';
import type { Fault, Thing, Values } from './values.ts';
import { worldOf } from './world.ts';
import type { World } from './world.ts';

/** One operation with all that decides its answer. */
export interface FuzzCase {
  readonly world: string;
  readonly text: string;
  readonly operationName?: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Seed of the data. */
  readonly seed: number;
  readonly fault: Fault;
  /** How often the engine is asked: later runs go through compiled queries and projections. */
  readonly runs: number;
}

export type Outcome =
  | { readonly status: 'passed' | 'invalid' }
  | {
      readonly status: 'failed';
      /** What a shrunken case must still show. */
      readonly kind: string;
      readonly problems: readonly Problem[];
      readonly engine: unknown;
      readonly expected: unknown;
    };

/** What resolvers of one run share: the data, and the root mutation fields in the order in which they ran. */
interface RunContext {
  readonly values: Values;
  readonly mutated: string[];
}

interface Stand {
  readonly world: World;
  readonly graph: Graph;
  readonly plain: GraphQLSchema;
  /**
   * The plain schema without any non-null output: it reports every error, where the plain one stops at the first that
   * reaches an object.
   */
  readonly lenient: GraphQLSchema;
  /** Set for the run under way; the engine passes nothing of ours through to its transports. */
  current: { context: RunContext; fault: Fault };
}

const planners = createPlannerPool({ size: 1, log: silentLog, bounds: { perCaller: 1000, waiting: 10_000 } });
const stands = new Map<string, Stand>();

const none: Stand['current'] = { context: { values: undefined as never, mutated: [] }, fault: { kind: 'none' } };

function standOf(name: string): Stand {
  const known = stands.get(name);
  if (known) return known;
  const world = worldOf(name);
  for (const schema of world.graphs.values()) resolveSubgraph(schema);
  const transports: Record<string, Transport> = {};
  for (const [graph, schema] of world.graphs) {
    resolveEntities(graph, schema);
    const inProcess = createInProcessTransport(schema, () => ({ contextValue: stand.current.context }));
    transports[graph] = {
      execute(call: SubgraphCall) {
        const { fault } = stand.current;
        if (fault.kind !== 'down' || fault.graph !== graph) return inProcess.execute(call);
        if (fault.how === 'nulls') return Promise.resolve(allNull(call));
        if (fault.how === 'refuses')
          return Promise.resolve({
            data: null,
            errors: [{ message: 'refused', extensions: { code: 'UNAUTHENTICATED' } }],
          });
        return Promise.reject(fault.how === 'throws' ? new TypeError('broken') : new SubgraphUnavailable('down'));
      },
    };
  }
  const sources = { states: () => [], sealed: () => Promise.resolve(''), refresh: () => Promise.resolve() };
  const graph = createGraph({
    supergraph: world.supergraph,
    planners,
    transports,
    sources,
    accessSink: () => Promise.resolve(),
    log: silentLog,
    now: () => new Date(0),
    policy: 'dangerously-none',
  });
  resolvePlain(world.api);
  resolvePlain(world.lenient);
  const stand: Stand = { world, graph, plain: world.api, lenient: world.lenient, current: none };
  stands.set(name, stand);
  return stand;
}

/** Each thing that was asked for at the root is null for its error; of entities each one. */
function allNull({ operation, variables }: SubgraphCall): SubgraphResult {
  const errors: SubgraphError[] = [];
  const failed = (...path: (string | number)[]): null => {
    errors.push({
      message: 'the database is away',
      path,
      extensions: { code: 'SUBGRAPH_UNAVAILABLE', retryable: true },
    });
    return null;
  };
  const data: Record<string, unknown> = {};
  for (const selection of getOperationAST(parse(operation.document))?.selectionSet.selections ?? []) {
    if (selection.kind !== Kind.FIELD) continue;
    const key = selection.alias?.value ?? selection.name.value;
    const representations = selection.arguments?.find(({ name }) => name.value === 'representations')?.value;
    const asked =
      representations?.kind === Kind.VARIABLE ? (variables?.[representations.name.value] as unknown[]) : null;
    data[key] = asked ? asked.map((_, i) => failed(key, i)) : failed(key);
  }
  return { data, errors };
}

const mutationCall = (fieldName: string, args: object): string => `${fieldName}(${JSON.stringify(args)})`;

function resolveSubgraph(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isAbstractType(type)) type.resolveType = (thing: Thing) => thing.__typename;
    if (!isObjectType(type)) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      if (name.startsWith('_')) continue;
      const resolve: GraphQLFieldResolver<Thing | undefined, RunContext> = (source, args, context) => {
        if (type.name === 'Mutation') context.mutated.push(mutationCall(name, args));
        const thing = source ?? rootThing(type.name);
        return context.values.valueOf(thing, name, args, context.values.givenFor(thing, name));
      };
      field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
    }
  }
}

function resolveEntities(graph: string, schema: GraphQLSchema): void {
  const entities = schema.getQueryType()?.getFields()['_entities'];
  if (!entities) return;
  const resolve: GraphQLFieldResolver<unknown, RunContext> = (
    _,
    { representations }: { representations: Record<string, unknown>[] },
    { values },
  ) =>
    representations.map((representation) => {
      try {
        return values.find(graph, representation);
      } catch (error) {
        return error;
      }
    });
  entities.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
  const union = schema.getType('_Entity');
  if (isAbstractType(union)) {
    // Where an interface is an object (@interfaceObject), that is what its entities are here.
    union.resolveType = (thing: Thing) =>
      isObjectType(schema.getType(thing.__typename)) ? thing.__typename : String(thing.given?.['__typename']);
  }
}

function resolvePlain(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    if (isAbstractType(type)) type.resolveType = (thing: Thing) => thing.__typename;
    if (!isObjectType(type)) continue;
    for (const [name, field] of Object.entries(type.getFields())) {
      const resolve: GraphQLFieldResolver<Thing | undefined, RunContext & { trace: Trace | undefined }> = (
        source,
        args,
        context,
        info,
      ) => {
        const thing = source ?? rootThing(type.name);
        if (type.name === 'Mutation') context.mutated.push(mutationCall(name, args));
        const traced = context.trace?.add(info, thing);
        let required: unknown;
        try {
          required = context.values.requiredOf(thing, name);
        } catch (error) {
          if (traced) traced.isUnasked = true;
          throw error;
        }
        return context.values.valueOf(thing, name, args, required);
      };
      field.resolve = resolve as GraphQLFieldResolver<unknown, unknown>;
    }
  }
}

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function runPlain(
  schema: GraphQLSchema,
  document: DocumentNode,
  given: FuzzCase,
  values: Values,
  trace: Trace | undefined,
): Promise<{ result: ExecutionResult; mutated: string[] }> {
  const context = { values, mutated: [], trace };
  const result = await execute({
    schema,
    document,
    contextValue: context,
    variableValues: { ...given.variables },
    operationName: given.operationName ?? null,
  });
  return { result, mutated: context.mutated };
}

// A subgraph may report more errors below one null when it is warm (compiled), but never another one in the same place.
function differenceOfRuns(first: Answer, again: Answer): string | undefined {
  if (JSON.stringify(first.data) !== JSON.stringify(again.data)) return 'other data';
  const known = new Map(
    (first.errors ?? []).map((error) => [
      JSON.stringify(error.path),
      `${String(error.extensions['code'])}: ${error.message}`,
    ]),
  );
  const other = (again.errors ?? []).find((error) => {
    const before = known.get(JSON.stringify(error.path));
    return before !== undefined && before !== `${String(error.extensions['code'])}: ${error.message}`;
  });
  return other && `another error at ${other.path?.join('.')}: ${other.message}`;
}

/** Answers one case by the engine and by the plain schema, and compares. */
export async function runCase(given: FuzzCase): Promise<Outcome> {
  const stand = standOf(given.world);
  const { world } = stand;
  let document: DocumentNode;
  let operation: OperationDefinitionNode | null | undefined;
  try {
    document = parse(given.text);
    if (validate(stand.graph.schema, document).length > 0) return { status: 'invalid' };
    operation = getOperationAST(document, given.operationName);
    if (!operation || operation.operation === 'subscription') return { status: 'invalid' };
  } catch {
    return { status: 'invalid' };
  }
  const values = createValues(world, given.seed, given.fault);
  const trace = createTrace();
  const plain = await runPlain(stand.plain, document, given, values, trace);
  const lenient = plain.result.errors
    ? (await runPlain(stand.lenient, document, given, values, undefined)).result
    : undefined;
  const failed = (kind: string, problems: Problem[], engine: unknown): Outcome => ({
    status: 'failed',
    kind,
    problems,
    engine: wire(engine ?? null),
    expected: wire(plain.result),
  });

  let first: Answer | undefined;
  for (let run = 1; run <= given.runs; run += 1) {
    const context: RunContext = { values, mutated: [] };
    stand.current = { context, fault: given.fault };
    let answer;
    try {
      answer = await stand.graph.run({
        document,
        operation,
        operationName: given.operationName,
        variables: given.variables,
        viewer: publicViewer,
        mode: 'filter',
      });
    } catch (error) {
      // The kind holds the message without its names, so that shrinking does not slide into another failure.
      return failed(
        `rejected ${String(error)
          .replaceAll(/'[^']*'|"[^"]*"/g, '…')
          .slice(0, 100)}`,
        [{ kind: 'run', what: `the engine rejects: ${String(error).slice(0, 300)}`, path: '' }],
        undefined,
      );
    }
    const judged = judge({
      world,
      fault: given.fault,
      answer,
      plain: plain.result,
      lenient,
      trace,
      mutated: context.mutated,
      plainMutated: plain.mutated,
    });
    if (judged.length > 0) return failed(judged[0]?.kind ?? '', judged, answer);
    const unsteady = first && differenceOfRuns(first, answer);
    if (unsteady)
      return failed('unsteady', [{ kind: 'unsteady', what: `run ${run}: ${unsteady}`, path: '' }], { first, answer });
    first ??= answer;
  }
  return { status: 'passed' };
}
