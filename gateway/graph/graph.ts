import {
  type DocumentNode,
  GraphQLError,
  type GraphQLScalarType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  parse,
} from 'graphql';
import { clientError, errorCodes } from '#kit/errors.ts';
import type { Log } from '#kit/log.ts';
import { createOutages } from '#kit/outage.ts';
import { scalars as scalarsWithoutRules } from '#kit/scalars.ts';
import { shanghaiDay } from '#standards/dates.ts';
import { policyProblems } from '#policy/classes.ts';
import type { Read } from '#kit/context.ts';
import type { Role } from '#policy/roles.ts';
import type { Viewer } from '#policy/viewer.ts';
import { disputedOf, noted, onePerSelection, withDenied } from './answer.ts';
import type { AccessSink } from './audit.ts';
import type { BudgetState } from '#gateway/budgets/budgets.ts';
import type { SelfEmployedCeiling } from '#gateway/budgets/selfEmployed.ts';
import { Deadline } from './deadline.ts';
import { createFieldFilter, type DeniedFields, nothingDenied } from './deniedFields.ts';
import { AnswerTooLarge } from './engine/answerSize.ts';
import type { Fragments } from './engine/fieldPositions.ts';
import { answerIntrospection } from './engine/document.ts';
import { type AbsentRule, type ExecuteArgs, executePlan, type PlanResult } from './engine/execute.ts';
import { type CostLimits, type CostGuard, type CostReport, createCostGuard } from './cost/costGuard.ts';
import { createHomes } from './cost/homes.ts';
import { weightProblems } from './cost/estimate.ts';
import { readWeights, type Weights } from './cost/weights.ts';
import { callerOf } from '#gateway/auth/caller.ts';
import type { PlannerPool } from './engine/plannerPool.ts';
import { createPlanner, type Planner } from './engine/planner.ts';
import type { QueryPlan } from './engine/queryPlan.ts';
import { type PreparedOperation, prepareOperation } from './engine/selection.ts';
import { SubgraphUnavailable, type Transport } from './engine/transport.ts';
import { coerceVariables } from './engine/variables.ts';
import { existence } from './existence.ts';
import { createFragmentIndex } from './fragments.ts';
import { createRoleViews, type RoleViews } from './roleViews.ts';
import type { CallContext, SourceRegistry } from './sources.ts';

export interface Operation {
  /** Parsed and valid. The same object for the same text, so that derived values are kept with it. */
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly viewer: Viewer;
  /** `filter` returns what may be seen; `reject` refuses the whole operation. */
  readonly mode: 'filter' | 'reject';
  /** Whether the response reports the cost of the operation. */
  readonly reportsCost?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** The client's address: without an organisation, each address is a caller of its own. */
  readonly address?: string | undefined;
  /**
   * Charges the cost of the operation to its caller's budget, before any part of it is planned; left out: nothing is
   * charged.
   * @returns what is left, for `Viewer.budget`
   * @throws GraphQLError RATE_LIMITED or COST_LIMIT, with which the operation is refused
   */
  readonly charge?: ((cost: number) => BudgetState | Promise<BudgetState>) | undefined;
  /** The events for a page of changes to render, in place of those that it would read itself (gateway/changes). */
  readonly events?: readonly unknown[] | undefined;
}

export interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLError[];
  readonly extensions?: Record<string, unknown>;
}

/** The federated graph: the one pipeline — coerce, filter, plan, execute, log — for every transport. */
export interface Graph {
  readonly schema: GraphQLSchema;
  run(operation: Operation): Promise<Answer>;
  /** The schema as a role sees it. */
  view(role: Role): GraphQLSchema;
  /** The same as SDL, with the weights of fields. */
  sdl(role: Role): string;
}

export interface GraphDependencies {
  readonly supergraph: string;
  /**
   * Fields, as `Type.field`, whose record the control subgraph only names; the record's own subgraph decides whether it
   * exists, for this viewer and now. Left out: there are none.
   */
  readonly namedRecords?: ReadonlySet<string>;
  /** Where new operations are planned. */
  readonly planners: PlannerPool;
  readonly transports: Readonly<Record<string, Transport>>;
  readonly sources: SourceRegistry;
  readonly accessSink: AccessSink;
  readonly log: Log;
  readonly now: () => Date;
  /** Off only for auditing federation on foreign supergraphs; see `--dangerously-no-policy`. */
  readonly policy: 'enforced' | 'dangerously-none';
  /** The maximum of self-employed businesses that a caller may learn of; left out: no limit. */
  readonly selfEmployed?: SelfEmployedCeiling | undefined;
  /** Called after a mutation: its changes wait to be numbered. */
  readonly onCommit?: () => void;
  /** The scalars of the graph; left out: those without any rules. */
  readonly scalars?: Readonly<Record<string, GraphQLScalarType>>;
  /** The maximum cost of an operation and the maximum bytes of its answer; left out: no limit. */
  readonly limits?: CostLimits & { readonly answerBytes: number };
}

const NOTHING_TO_FETCH: QueryPlan = { kind: 'QueryPlan' };
const publicCodes: ReadonlySet<string> = new Set(errorCodes);

/** What all operations share. */
interface Pipeline {
  readonly dependencies: GraphDependencies;
  readonly enforced: boolean;
  readonly planner: Planner;
  readonly views: RoleViews;
  /** Undefined: no limit, and no cost is estimated. */
  readonly costOf: CostGuard | undefined;
  readonly deniedFields: ReturnType<typeof createFieldFilter>;
  readonly fragmentsOf: (document: DocumentNode) => Fragments;
  readonly absent: AbsentRule | undefined;
  /** The transports while no instant is settled: without the sources. */
  readonly unsettled: GraphDependencies['transports'];
  readonly onSubgraphError: NonNullable<ExecuteArgs['onSubgraphError']>;
  readonly onSubgraphAnswer: NonNullable<ExecuteArgs['onSubgraphAnswer']>;
}

/** @throws Error that names every field without a sound policy. */
export function createGraph(dependencies: GraphDependencies): Graph {
  const pipeline = createPipeline(dependencies);
  const { planner, views } = pipeline;
  return {
    schema: planner.schema,
    view: views.view,
    sdl: views.sdl,
    async run(operation) {
      if (operation.operation.operation === 'subscription')
        return {
          errors: [
            clientError('BAD_USER_INPUT', 'Subscriptions are served over WebSocket and SSE, not here.', {
              reason: 'SUBSCRIPTION',
            }),
          ],
        };
      const deadline = new Deadline(operation.signal);
      try {
        return await runBy(pipeline, deadline, operation);
      } finally {
        deadline.close();
      }
    },
  };
}

function createPipeline(dependencies: GraphDependencies): Pipeline {
  const { log, limits, scalars = scalarsWithoutRules } = dependencies;
  const planner = createPlanner(dependencies.supergraph, { planners: dependencies.planners, scalars });
  const { schema } = planner;
  const enforced = dependencies.policy === 'enforced';
  const problems = enforced ? policyProblems(schema) : [];
  if (problems.length > 0) throw new Error(`The graph has no sound policy:\n  ${problems.join('\n  ')}`);
  const supergraph = parse(dependencies.supergraph, { noLocation: true });
  const weights = readWeights(supergraph);
  const outages = createOutages('source', { log, began: 'a source failed', over: 'a source answers again' });
  return {
    dependencies,
    enforced,
    planner,
    views: createRoleViews(schema, weights, enforced),
    costOf: limits ? costGuard(supergraph, schema, weights, limits) : undefined,
    deniedFields: enforced ? createFieldFilter(schema) : () => nothingDenied,
    fragmentsOf: createFragmentIndex(),
    absent: enforced && schema.getType('CreditFile') ? existence(dependencies.namedRecords ?? new Set()) : undefined,
    unsettled: withoutSources(dependencies),
    onSubgraphError(source, error, count) {
      // A source that does not answer fails for everybody: logged once. Its other errors are logged each time.
      if (error instanceof SubgraphUnavailable) outages.failed(source, error, { count });
      else log.warn({ source, err: error, count }, 'a source failed');
    },
    onSubgraphAnswer: (source) => outages.succeeded(source),
  };
}

/** @throws Error that names every list without a declared length */
function costGuard(supergraph: DocumentNode, schema: GraphQLSchema, weights: Weights, limits: CostLimits): CostGuard {
  const problems = weightProblems(schema, weights);
  if (problems.length > 0) throw new Error(`The graph has no sound weights:\n  ${problems.join('\n  ')}`);
  return createCostGuard({ schema, weights, homes: createHomes(supergraph), limits });
}

const unreachable: Transport = {
  execute: () => Promise.reject(new SubgraphUnavailable('no source says what is settled')),
};

function withoutSources({ sources, transports }: GraphDependencies): GraphDependencies['transports'] {
  const keepsRecords = new Set(sources.states().map(({ source }) => source));
  return Object.fromEntries(
    Object.entries(transports).map(([name, transport]) => [name, keepsRecords.has(name) ? unreachable : transport]),
  );
}

/**
 * Runs one operation. It is one function so that an operation makes no promise but those that it has to wait for: what
 * needs no wait is done by the functions below it.
 */
async function runBy(pipeline: Pipeline, deadline: Deadline, operation: Operation): Promise<Answer> {
  const { dependencies, planner, enforced } = pipeline;
  const { sources, now } = dependencies;
  const { viewer } = operation;
  const coerced = coerceVariables(planner.schema, operation.operation, operation.variables);
  if ('errors' in coerced && coerced.errors) return { errors: coerced.errors };
  const fragments = pipeline.fragmentsOf(operation.document);
  let prepared: PreparedOperation;
  let plan: QueryPlan;
  let denied: DeniedFields;
  let cost: CostReport | undefined;
  let budget: BudgetState | undefined;
  try {
    cost = pipeline.costOf?.(operation.operation, fragments, coerced.variables, operation.events?.length ?? 1);
    const charged = operation.charge?.(cost?.estimated ?? 1);
    budget = charged instanceof Promise ? await charged : charged;
    denied = pipeline.deniedFields(operation, fragments, coerced.variables);
    if (denied.errors.length > 0 && operation.mode === 'reject') return { errors: denied.errors };
    prepared = prepareOperation(
      planner,
      operation.operation,
      fragments,
      coerced.variables,
      denied.fields,
      pipeline.absent,
    );
    // Before the instant of the answer is taken, because a new plan may have to wait.
    const caller = { caller: callerOf(viewer, operation.address), signal: deadline.signal };
    plan = prepared.document ? await planner.plan(prepared.document, caller) : NOTHING_TO_FETCH;
  } catch (error) {
    return refusalOf(error);
  }
  // Why no source answers is in the log already (sourceRegistry.ts).
  const known = enforced ? sources.sealed() : '';
  const sealed = known instanceof Promise ? await Promise.race([known.catch(() => null), deadline.passed]) : known;
  const moment = enforced
    ? { validAt: shanghaiDay(now()), knownAt: sealed ?? now().toISOString() }
    : { validAt: '', knownAt: '' };
  const context: CallContext = { viewer, moment, events: operation.events, budget, reads: [] };
  const executed = await executePlan({
    plan,
    prepared,
    schema: planner.schema,
    keys: planner.keys,
    rawVariables: coerced.rawVariables,
    // Without a settled instant no source is called: one that has just come back would answer for an instant that no
    // source has promised.
    transports: sealed === null ? pipeline.unsettled : dependencies.transports,
    context,
    signal: deadline.signal,
    maxBytes: dependencies.limits?.answerBytes,
    publicCodes,
    absent: pipeline.absent,
    introspection: answerIntrospection(
      pipeline.views.view(viewer.role),
      operation.operation,
      fragments,
      coerced.variables,
    ),
    onSubgraphError: pipeline.onSubgraphError,
    onSubgraphAnswer: pipeline.onSubgraphAnswer,
  }).catch(tooLargeOrThrow);
  if (executed instanceof AnswerTooLarge) deadline.stop(); // and the calls that are still in progress for it

  // The author of a change sees it in the next query: the sealed instant must not lie before the change.
  if (enforced && prepared.document && operation.operation.operation === 'mutation') {
    dependencies.onCommit?.();
    await Promise.race([sources.refresh(), deadline.passed]); // it continues by itself
  }

  if (executed instanceof AnswerTooLarge) return { errors: [answerTooLarge(executed, operation.operation)] };
  const subjects = noted<string>(executed.extensions, 'selfEmployed');
  const beyond =
    subjects.length > 0 ? await dependencies.selfEmployed?.admit(viewer, operation.address, new Set(subjects)) : null;
  // What a mutation has done is done, and is returned; events are delivered only to readers with a task about such
  // businesses.
  if (beyond && operation.operation.operation === 'query' && operation.events === undefined)
    return { errors: [beyond] };

  const reads = [...noted<Read>(executed.extensions, 'reads'), ...context.reads];
  if (reads.length > 0) {
    try {
      await dependencies.accessSink(accessEntry(operation, reads, now()));
    } catch {
      return accessNotLogged(); // the sink has logged it (audit.ts): once, and not for each operation
    }
  }
  return answerOf(executed, operation, denied.errors, enforced, cost);
}

/** The answer for an error before anything ran. @throws what is no refusal */
function refusalOf(error: unknown): Answer {
  if (!(error instanceof GraphQLError)) throw error;
  // Also for a condition that is null, which graphql-js reports for the directive.
  return {
    errors: [error.extensions['code'] === undefined ? clientError('BAD_USER_INPUT', error.message) : error],
  };
}

function tooLargeOrThrow(error: unknown): AnswerTooLarge {
  if (error instanceof AnswerTooLarge) return error;
  throw error;
}

const answerTooLarge = ({ maxBytes }: AnswerTooLarge, { operation }: OperationDefinitionNode): GraphQLError => {
  const done = operation === 'mutation' ? ' It was carried out all the same.' : '';
  return clientError('COST_LIMIT', `The answer has more than ${maxBytes} bytes.${done}`, {
    expected: `an answer of at most ${maxBytes} bytes: fewer fields, smaller pages, or several operations`,
  });
};

/** What the access log keeps of an operation that has read non-public data. */
function accessEntry({ viewer, operationName }: Operation, reads: Read[], at: Date): Parameters<AccessSink>[0] {
  const { role, organisation, purpose, tokenId } = viewer;
  return {
    at: at.toISOString(),
    viewer: { role, organisation, purpose, tokenId },
    operationName: operationName ?? null,
    reads,
  };
}

const accessNotLogged = (): Answer => ({
  data: null,
  errors: [
    clientError('SUBGRAPH_UNAVAILABLE', 'The access log cannot be written, so non-public data is not given.', {
      retryable: true,
    }),
  ],
});

/** @param denials what policy denied before any call */
function answerOf(
  result: PlanResult,
  operation: Operation,
  denials: readonly GraphQLError[],
  enforced: boolean,
  cost: CostReport | undefined,
): Answer {
  const errors = onePerSelection([...denials, ...(result.errors ?? [])]);
  // Refused row by row, after the plan has run: in mode `reject` the whole operation is refused.
  if (
    operation.mode === 'reject' &&
    errors.some(({ extensions }) => extensions['code'] === 'UNAUTHORIZED_FIELD_OR_TYPE')
  )
    return { errors };
  const missing = withDenied(result.missing, denials);
  const disputed = disputedOf(result.extensions);
  const completeness = {
    status: missing.length > 0 ? 'PARTIAL' : 'COMPLETE',
    missing,
    ...(disputed.length > 0 ? { disputed } : null),
  };
  return {
    data: result.data,
    ...(errors.length > 0 ? { errors } : null),
    ...extensionsOf({
      ...(enforced ? { completeness } : null),
      ...(operation.reportsCost && cost ? { cost } : null),
    }),
  };
}

const extensionsOf = (extensions: Readonly<Record<string, unknown>>): Pick<Answer, 'extensions'> | null =>
  Object.keys(extensions).length > 0 ? { extensions } : null;
