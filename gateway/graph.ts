import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { clientError, errorCodes, notFound } from '#kit/errors.ts';
import type { Log } from '#kit/log.ts';
import { scalars } from '#kit/scalars.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { policyProblems } from '#policy/classes.ts';
import { filterOperation } from '#policy/filter.ts';
import type { Read } from '#kit/context.ts';
import type { Role, Viewer } from '#policy/viewer.ts';
import { roleView } from '#policy/visibility.ts';
import type { AccessSink } from './audit.ts';
import type { BudgetState } from './budget/budgets.ts';
import type { SelfEmployedCeiling } from './budget/selfEmployed.ts';
import { AnswerTooLarge } from './plan/answerSize.ts';
import { answerIntrospection } from './plan/document.ts';
import { type AbsentRule, executePlan, type Missing, type PlanResult } from './plan/execute.ts';
import { type CostLimits, type CostGuard, type CostReport, createCostGuard } from './graph/cost/costGuard.ts';
import { createHomes } from './graph/cost/homes.ts';
import { weightProblems } from './graph/cost/estimate.ts';
import { printWithCosts } from './graph/cost/publish.ts';
import { readWeights, type Weights } from './graph/cost/weights.ts';
import { callerOf } from './graph/engine/caller.ts';
import type { PlannerPool } from './graph/engine/plannerPool.ts';
import { createPlanner } from './plan/planner.ts';
import type { QueryPlan } from './plan/queryPlan.ts';
import { conditionsOf, type PreparedOperation, prepareOperation } from './plan/selection.ts';
import { SubgraphUnavailable, type Transport } from './plan/transport.ts';
import { coerceVariables } from './plan/variables.ts';
import { RECORD } from './desk/records.ts';
import type { DeskEvent } from './live/events.ts';
import type { CallContext, SourceBook } from './sources.ts';

export interface Operation {
  /** Parsed and valid. The same object for the same text, so that what is derived from it is kept with it. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  /** `filter` answers what may be seen; `reject` refuses the whole operation. */
  readonly mode: 'filter' | 'reject';
  /** Whether the answer says what the operation costs. */
  readonly reportsCost?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** The client's address: of those without an organisation each is a caller of its own. */
  readonly address?: string | undefined;
  /**
   * Takes what the operation costs from its caller's budget, before anything of it is planned; left out: nothing is taken.
   * @returns what is left, for `Viewer.budget`
   * @throws GraphQLError RATE_LIMITED or COST_LIMIT: it is refused with that
   */
  readonly charge?: ((cost: number) => BudgetState | Promise<BudgetState>) | undefined;
  /** What a page of changes is given to tell, in place of what it would find itself (gateway/live). */
  readonly events?: readonly DeskEvent[] | undefined;
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLError[];
  readonly extensions?: Record<string, unknown>;
}

/** The federated graph: the one pipeline — coerce, filter, plan, execute, log — behind every door. */
export interface Graph {
  readonly schema: GraphQLSchema;
  run(operation: Operation): Promise<Answer>;
  /** The schema as a role sees it. */
  view(role: Role): GraphQLSchema;
  /** The same as SDL, with what fields weigh. */
  sdl(role: Role): string;
}

export interface GraphDependencies {
  readonly supergraph: string;
  /** Where new operations are planned. */
  readonly planners: PlannerPool;
  readonly transports: Readonly<Record<string, Transport>>;
  readonly sources: SourceBook;
  readonly accessSink: AccessSink;
  readonly log: Log;
  readonly now: () => Date;
  /** Off only for auditing federation on foreign supergraphs; see `--dangerously-no-policy`. */
  readonly policy: 'enforced' | 'dangerously-none';
  /** How many self-employed businesses a caller may learn of; left out: any number. */
  readonly selfEmployed?: SelfEmployedCeiling | undefined;
  /** A mutation has run: what it changed waits to be numbered. */
  readonly hasChanged?: () => void;
  /** What an operation may cost, and the bytes of its answer; left out: anything. */
  readonly limits?: CostLimits & { readonly answerBytes: number };
}

interface Filtered {
  /** Undefined: none. */
  readonly denied: ReadonlySet<FieldNode> | undefined;
  readonly errors: readonly GraphQLError[];
}

const DEADLINE_MS = 15_000;
const NOTHING_TO_FETCH: QueryPlan = { kind: 'QueryPlan' };
/** Of one document, by role, purpose and conditions. */
const MAX_FILTERED = 256;
const publicCodes: ReadonlySet<string> = new Set(errorCodes);

/** Fields whose record the desk names only; whether it is there, for this viewer and now, its owner says. */
const namedRecords: ReadonlySet<string> = new Set(['NameListChange.entry', 'EvaluationChange.evaluation']);

const unknownRecord = (path: readonly (string | number)[]): GraphQLError => new GraphQLError(notFound(RECORD).message, { path, extensions: { code: 'NOT_FOUND' } });

/**
 * With every credit file the entity subgraph is asked whether the code is known: an empty file would look like a clean one. And the owner
 * of a record asked for by its id whether there is one (its version, which every one has): the desk only reads the id.
 */
const existence: AbsentRule = {
  typeName: 'CreditFile', field: 'isKnown', error: () => notFound('This code'),
  named: { interfaceName: 'CreditRecord', fields: namedRecords, field: 'version', error: unknownRecord },
};

/** @throws Error that names every field without a sound policy. */
export function createGraph(dependencies: GraphDependencies): Graph {
  const { transports, sources, accessSink, log, now, limits } = dependencies;
  const planner = createPlanner(dependencies.supergraph, { planners: dependencies.planners, scalars });
  const { schema } = planner;
  const enforced = dependencies.policy === 'enforced';
  const problems = enforced ? policyProblems(schema) : [];
  if (problems.length > 0) throw new Error(`The graph has no sound policy:\n  ${problems.join('\n  ')}`);
  const supergraph = parse(dependencies.supergraph, { noLocation: true });
  const weights = readWeights(supergraph);
  const costOf = limits ? costGuard(supergraph, schema, weights, limits) : undefined;
  const absent = enforced && schema.getType('CreditFile') ? existence : undefined;

  const views = new Map<Role, GraphQLSchema>();
  const view = (role: Role): GraphQLSchema => {
    if (!enforced) return schema;
    let seen = views.get(role);
    if (!seen) views.set(role, (seen = roleView(schema, role)));
    return seen;
  };

  // Printing takes milliseconds, and anybody may ask.
  const printed = new Map<Role, string>();
  const sdl = (role: Role): string => {
    let text = printed.get(role);
    if (text === undefined) printed.set(role, (text = printWithCosts(view(role), weights)));
    return text;
  };

  const filtered = new WeakMap<DocumentNode, Map<string, Filtered>>();
  const filter = (operation: Operation, fragments: Fragments, variables: Readonly<Record<string, unknown>>): Filtered => {
    const { document, operationName, viewer } = operation;
    if (!enforced) return { denied: undefined, errors: [] };
    let known = filtered.get(document);
    if (!known) filtered.set(document, (known = new Map()));
    const key = `${viewer.role} ${viewer.purpose === null ? '' : 'for a purpose'} ${operationName ?? ''} ${conditionsOf(operation.operation, fragments, variables)}`;
    const found = known.get(key);
    if (found) return found;
    const { denied, errors, dependsOnVariables } = filterOperation(schema, document, operation.operation, variables, viewer, 'obeyed');
    const fresh: Filtered = { denied: denied.size > 0 ? denied : undefined, errors };
    // Only an operation with many conditions comes here; none is worth more memory.
    if (known.size >= MAX_FILTERED) known.clear();
    if (!dependsOnVariables) known.set(key, fresh);
    return fresh;
  };

  const fragmentsOf = createFragmentIndex();
  const keepsRecords = new Set(sources.states().map(({ source }) => source));
  const unsettled = Object.fromEntries(Object.entries(transports).map(([name, transport]) => [name, keepsRecords.has(name) ? unreachable : transport]));

  const runBy = async (deadline: Deadline, operation: Operation): Promise<Answer> => {
    const { viewer } = operation;
    const coerced = coerceVariables(schema, operation.operation, operation.variables);
    if ('errors' in coerced && coerced.errors) return { errors: coerced.errors };
    const fragments = fragmentsOf(operation.document);
    let prepared: PreparedOperation;
    let plan: QueryPlan;
    let denied: Filtered['denied'];
    let errors: Filtered['errors'];
    let cost: CostReport | undefined;
    let budget: BudgetState | undefined;
    try {
      cost = costOf?.(operation.operation, fragments, coerced.variables, operation.events?.length ?? 1);
      const charged = operation.charge?.(cost?.estimated ?? 1);
      budget = charged instanceof Promise ? await charged : charged;
      ({ denied, errors } = filter(operation, fragments, coerced.variables));
      if (errors.length > 0 && operation.mode === 'reject') return { errors };
      prepared = prepareOperation(planner, operation.operation, fragments, coerced.variables, denied, absent);
      // Before the moment is taken by which the answer is true: a new plan may have to wait.
      const asker = { caller: callerOf(viewer, operation.address), signal: deadline.signal };
      plan = prepared.document ? await planner.plan(prepared.document, asker) : NOTHING_TO_FETCH;
    } catch (error) {
      // Also a condition that is null: graphql-js says so of the directive.
      if (error instanceof GraphQLError) return { errors: [error.extensions['code'] === undefined ? clientError('BAD_USER_INPUT', error.message) : error] };
      throw error;
    }
    const known = enforced ? sources.sealed() : '';
    const sealed = known instanceof Promise ? await Promise.race([known.catch(() => null), deadline.passed]) : known;
    const moment = enforced ? { validAt: shanghaiDay(now()), knownAt: sealed ?? now().toISOString() } : { validAt: '', knownAt: '' };
    const context: CallContext = { viewer, moment, events: operation.events, budget };
    const executed = await executePlan({
      plan,
      prepared,
      schema,
      keys: planner.keys,
      rawVariables: coerced.rawVariables,
      // Without a settled instant no source is asked: one that has just come back would answer by one that nobody promised.
      transports: sealed === null ? unsettled : transports,
      context,
      signal: deadline.signal,
      maxBytes: limits?.answerBytes,
      publicCodes,
      absent,
      introspection: answerIntrospection(view(viewer.role), operation.operation, fragments, coerced.variables),
      onSubgraphError: (source, error, count) => log.warn({ source, err: error, count }, 'a source failed'),
    }).catch((error: unknown) => {
      if (error instanceof AnswerTooLarge) return error;
      throw error;
    });
    if (executed instanceof AnswerTooLarge) deadline.stop(); // what is still asked for it

    // Whoever changed something sees it in the next query: the sealed instant must not lie before the change.
    if (enforced && prepared.document && operation.operation.operation === 'mutation') {
      dependencies.hasChanged?.();
      await Promise.race([sources.refresh(), deadline.passed]); // it goes on by itself
    }

    if (executed instanceof AnswerTooLarge) return { errors: [answerTooLarge(executed, operation.operation)] };
    const result = executed;
    const subjects = noted<string>(result.extensions, 'selfEmployed');
    const beyond = subjects.length > 0 ? await dependencies.selfEmployed?.admit(viewer, operation.address, new Set(subjects)) : null;
    // What a mutation has done is done, and says so; events come to those alone who have a task about such businesses.
    if (beyond && operation.operation.operation === 'query' && operation.events === undefined) return { errors: [beyond] };

    const reads = noted<Read>(result.extensions, 'reads');
    if (reads.length > 0) {
      try {
        const { role, organisation, purpose, tokenId } = viewer;
        await accessSink({ at: now().toISOString(), viewer: { role, organisation, purpose, tokenId }, operationName: operation.operationName ?? null, reads });
      } catch (error) {
        log.error({ err: error }, 'the access log could not be written, so nothing was answered');
        return { data: null, errors: [clientError('SUBGRAPH_UNAVAILABLE', 'The access log cannot be written, so non-public data is not given.', { retryable: true })] };
      }
    }
    const all = once([...errors, ...(result.errors ?? [])]);
    // Refused row by row, after the plan has run: whoever asked to be refused whole is refused whole.
    if (operation.mode === 'reject' && all.some(({ extensions }) => extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE')) return { errors: all };
    const missing = withDenied(result.missing, errors);
    const completeness = { status: missing.length > 0 ? 'PARTIAL' : 'COMPLETE', missing };
    return { data: result.data, ...(all.length > 0 ? { errors: all } : null), ...extensionsOf({ ...(enforced ? { completeness } : null), ...(operation.reportsCost && cost ? { cost } : null) }) };
  };

  return {
    schema,
    view,
    sdl,
    async run(operation) {
      if (operation.operation.operation === 'subscription')
        return { errors: [clientError('BAD_USER_INPUT', 'Subscriptions are served over WebSocket and SSE, not here.', { reason: 'SUBSCRIPTION' })] };
      const deadline = new Deadline(operation.signal);
      try {
        return await runBy(deadline, operation);
      } finally {
        deadline.close();
      }
    },
  };
}

/** What sources have noted beside their answers. */
function noted<Note>(given: PlanResult['extensions'], name: string): Note[] {
  const notes: Note[] = [];
  for (const { extensions } of given) if (Array.isArray(extensions[name])) notes.push(...(extensions[name] as Note[]));
  return notes;
}

const extensionsOf = (extensions: Readonly<Record<string, unknown>>): Pick<Answer, 'extensions'> | null => (Object.keys(extensions).length > 0 ? { extensions } : null);

/** @throws Error that names every list of which nothing says how long it is */
function costGuard(supergraph: DocumentNode, schema: GraphQLSchema, weights: Weights, limits: CostLimits): CostGuard {
  const problems = weightProblems(schema, weights);
  if (problems.length > 0) throw new Error(`The graph has no sound weights:\n  ${problems.join('\n  ')}`);
  return createCostGuard({ schema, weights, homes: createHomes(supergraph), limits });
}

const answerTooLarge = ({ most }: AnswerTooLarge, { operation }: OperationDefinitionNode): GraphQLError => {
  const done = operation === 'mutation' ? ' It was carried out all the same.' : '';
  return clientError('COST_LIMIT', `The answer has more than ${most} bytes.${done}`, { expected: `an answer of at most ${most} bytes: fewer fields, smaller pages, or several operations` });
};

const unreachable: Transport = { execute: () => Promise.reject(new SubgraphUnavailable('no source says what is settled')) };

/** What policy denied before anything was asked is missing too. */
function withDenied(missing: readonly Missing[], denials: readonly GraphQLError[]): readonly Missing[] {
  if (denials.length === 0) return missing;
  const paths = new Set(missing.find(({ source }) => source === 'policy')?.paths);
  for (const { path } of denials) paths.add((path ?? []).join('.'));
  return [...missing.filter(({ source }) => source !== 'policy'), { source: 'policy', paths: [...paths].toSorted() }]
    .toSorted((one, other) => (one.source < other.source ? -1 : 1));
}

/** For an operation of which nothing has run. */
const outOfTime = (): GraphQLError =>
  clientError('DEADLINE', `The operation could not be begun within ${DEADLINE_MS / 1000} s.`, { retryable: true });

/** Of one operation: aborts with what to tell when its time is over, or its asker has left. Closed by hand: `using` costs each operation 2 µs. */
class Deadline {
  readonly #abort = new AbortController();
  readonly #passed = Promise.withResolvers<null>();
  readonly #asker: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(asker: AbortSignal | undefined) {
    this.#asker = asker;
    this.#timer = setTimeout(this.stop, DEADLINE_MS);
    asker?.addEventListener('abort', this.stop, { once: true });
    if (asker?.aborted) this.stop();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get passed(): Promise<null> {
    return this.#passed.promise;
  }

  readonly stop = (): void => {
    this.#abort.abort(outOfTime());
    this.#passed.resolve(null);
  };

  close(): void {
    clearTimeout(this.#timer);
    this.#asker?.removeEventListener('abort', this.stop);
  }
}

/**
 * One error per selection: items of a list that fail alike by policy are told once (`@`), and what several subgraphs say of
 * the same place is said once. Sorted by path, then code.
 */
function once(errors: readonly GraphQLError[]): GraphQLError[] {
  if (errors.length === 0) return [];
  const told = new Map<string, GraphQLError>();
  for (const error of errors) {
    const byPolicy = error.extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE';
    const path = byPolicy ? error.path?.map((step) => (typeof step === 'number' ? '@' : step)) : error.path;
    const key = JSON.stringify([path, error.extensions['code'], error.message]);
    if (told.has(key)) continue;
    told.set(key, byPolicy && path ? clientErrorAt(error, path) : error);
  }
  const keyed = [...told.values()].map((error) => ({ error, key: `${(error.path ?? []).join('\u0000')}\u0001${String(error.extensions['code'])}` }));
  return keyed.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ error }) => error);
}

function clientErrorAt(error: GraphQLError, path: readonly (string | number)[]): GraphQLError {
  const moved = clientError('UNAUTHORIZED_FIELD_OR_TYPE', error.message);
  Object.defineProperty(moved, 'path', { value: path, enumerable: true });
  return moved;
}

type Fragments = Readonly<Record<string, FragmentDefinitionNode>>;

function createFragmentIndex(): (document: DocumentNode) => Fragments {
  const known = new WeakMap<DocumentNode, Fragments>();
  return (document) => {
    let found = known.get(document);
    if (!found) {
      const fragments: Record<string, FragmentDefinitionNode> = Object.create(null);
      for (const definition of document.definitions) if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
      known.set(document, (found = fragments));
    }
    return found;
  };
}
