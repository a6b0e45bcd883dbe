import type { IncomingHttpHeaders } from 'node:http';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError } from 'graphql';
import { afterwards } from '#kit/afterwards.ts';
import type { Log } from '#kit/log.ts';
import { codeOf, type TransportName } from '#kit/telemetry/outcomes.ts';
import { inSpan, type Span, type Tracer } from '#kit/telemetry/scope.ts';
import { textProblem } from '#kit/text.ts';
import type { Role } from '#policy/roles.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from '#gateway/auth/authenticator.ts';
import type { Documents, ReadDocument } from '#gateway/graph/documents.ts';
import type { Budgets, BudgetState } from '#gateway/budgets/budgets.ts';
import { budgetRefusal } from '#gateway/budgets/refusal.ts';
import { errorOf, type ErrorWords, formatted, unavailable } from '#gateway/graph/errors.ts';
import type { Answer, Graph, Operation } from '#gateway/graph/graph.ts';
import type { ClientAddresses } from '#kit/http/address.ts';
import type { StreamHolder, StreamQuota } from './streamQuota.ts';
import type { Session } from '#gateway/auth/session.ts';
import type { Live, Sink, Stream, StreamRequest } from '#gateway/changes/subscriber.ts';
import type { SourceRegistry } from '#gateway/graph/sources.ts';
import type { AllowedText, AskedDocument } from '#gateway/trustedDocuments/allow.ts';
import type { TrustedDocuments } from '#gateway/trustedDocuments/store.ts';

// What all transports have in common: a request for an operation, its caller, its execution, and its response as text.

export interface AnsweredOperation {
  readonly document: DocumentNode;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly transport: TransportName;
  /** `ok`, `partial` (something is missing), or the code of the first error for which there is no data. */
  readonly outcome: string;
  readonly seconds: number;
  /** The points charged; left out where nothing was charged. */
  readonly cost?: number | undefined;
}

/** Metrics of operations. Neither function throws. */
export interface OperationMetrics {
  answered(operation: AnsweredOperation): void;
  refused(transport: TransportName, code: string): void;
}

export interface TransportOptions {
  readonly graph: Graph;
  readonly documents: Documents;
  readonly trusted: TrustedDocuments;
  readonly sources: Pick<SourceRegistry, 'states' | 'refresh'>;
  readonly authenticator: Authenticator;
  /** Undefined where there is nothing to follow; subscriptions are refused then. */
  readonly live: Live | undefined;
  /** The limit of connections and streams that one caller may hold. */
  readonly quota: StreamQuota;
  readonly budgets: Budgets;
  readonly addresses: ClientAddresses;
  readonly words: ErrorWords;
  /** For operations without `x-unauthorized: reject`. */
  readonly policyMode: 'filter' | 'reject';
  readonly log: Log;
  readonly now: () => Date;
  /** Left out: nothing is counted. */
  readonly metrics?: OperationMetrics | undefined;
  /** Left out: nothing is traced. */
  readonly tracer?: Tracer | null | undefined;
}

/** The parameters of GraphQL over HTTP, which a `subscribe` has too. */
export interface Asked extends AskedDocument {
  readonly operationName: string | null | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Whether `extensions.cost` is `report`. */
  readonly reportsCost: boolean;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null: it is no operation. */
export function readAsked(given: unknown): Asked | null {
  if (!isRecord(given)) return null;
  const { query, documentId, operationName, variables, extensions } = given;
  const hasText = query !== undefined && query !== null && query !== '';
  if (hasText && typeof query !== 'string') return null;
  const isAutomatic =
    isRecord(extensions) && extensions['persistedQuery'] !== undefined && extensions['persistedQuery'] !== null;
  if (!hasText && !isAutomatic && (documentId === undefined || documentId === null)) return null;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return null;
  for (const each of [variables, extensions]) if (each !== undefined && each !== null && !isRecord(each)) return null;
  return {
    query: hasText ? query : null,
    documentId: documentId ?? undefined,
    isAutomatic,
    operationName,
    variables: isRecord(variables) ? variables : {},
    reportsCost: isRecord(extensions) && extensions['cost'] === 'report',
  };
}

/** A document that may run; a published one only for as long as it is published. */
export type ReadOperation = ReadDocument & AllowedText;

/** Reads a request of a role before any of it is walked: its texts, then whether it is allowed, then its document. */
export function readOperation(
  { documents, trusted }: Pick<TransportOptions, 'documents' | 'trusted'>,
  asked: Asked,
  role: Role,
): ReadOperation | { readonly errors: readonly GraphQLError[] } {
  const { operationName, variables } = asked;
  const problem = textProblem('operationName', operationName) ?? variablesProblem(variables);
  if (problem) return { errors: [problem] };
  const allowed = trusted.allow(role, asked);
  if (allowed instanceof GraphQLError) return { errors: [allowed] };
  const read = documents(allowed.text, operationName);
  return 'errors' in read ? read : { ...read, ...allowed };
}

function variablesProblem(variables: Asked['variables']): GraphQLError | null {
  for (const name of Object.keys(variables)) {
    const problem = textProblem('variables', name) ?? textProblem(`$${name}`, variables[name]);
    if (problem) return problem;
  }
  return null;
}

/** The caller, its purpose, whether the operation may be refused whole, and whether its cost is reported. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly purpose: string | undefined;
  readonly rejects: boolean;
  readonly reportsCost: boolean;
}

export function credentialsIn(request: {
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}): Credentials {
  const { authorization, 'x-purpose': purpose, 'x-unauthorized': unauthorized, 'x-cost': cost } = request.headers;
  return {
    // Of two Authorization headers Node keeps the first; a proxy may have checked the other one.
    authorization: authorization !== undefined && hasTwo(request.rawHeaders, 'authorization') ? '' : authorization,
    purpose: typeof purpose === 'string' ? purpose : undefined, // an empty one is none that a token allows
    rejects: unauthorized === 'reject',
    reportsCost: cost === 'report',
  };
}

const hasTwo = (rawHeaders: readonly string[], name: string): boolean =>
  rawHeaders.filter((given, index) => index % 2 === 0 && given.length === name.length && given.toLowerCase() === name)
    .length > 1;

/** A response with data, as every transport writes it. */
export const answerText = (options: Pick<TransportOptions, 'words'>, { data, errors, extensions }: Answer): string =>
  JSON.stringify({
    ...(errors ? { errors: formatErrors(options, errors) } : null),
    data,
    ...(extensions ? { extensions } : null),
  });

export const formatErrors = (
  { words }: Pick<TransportOptions, 'words'>,
  errors: readonly unknown[],
): GraphQLFormattedError[] => errors.map((error) => words(formatted(error), error));

/** The same for a refusal, which is counted. */
export function formatRefusal(
  options: Pick<TransportOptions, 'words' | 'metrics'>,
  transport: TransportName,
  errors: readonly unknown[],
): GraphQLFormattedError[] {
  const delivered = formatErrors(options, errors);
  options.metrics?.refused(transport, String(delivered[0]?.extensions?.['code']));
  return delivered;
}

export interface Run {
  readonly transport: TransportName;
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  /** As the connection requests it for all of its operations. */
  readonly reportsCost: boolean;
  readonly signal: AbortSignal;
  /** The client's, see `callerOf`. */
  readonly address: string | undefined;
}

/** A response, and what is left of the budget after it. */
export interface Charged {
  readonly answer: Answer;
  readonly budget: BudgetState | undefined;
}

/** The points that one operation took from its caller's budget, once it was charged. */
interface Bill {
  readonly charge: NonNullable<Operation['charge']>;
  charged?: { readonly cost: number; readonly budget: BudgetState };
}

export function openBill(
  { budgets, now }: Pick<TransportOptions, 'budgets' | 'now'>,
  viewer: Viewer,
  address: string | undefined,
): Bill {
  const bill: Bill = {
    charge: (cost) =>
      afterwards(budgets.spend(viewer, address, cost), (budget) => {
        bill.charged = { cost, budget };
        if (!budget.isGiven) throw budgetRefusal(budget, cost, now());
        return budget;
      }),
  };
  return bill;
}

/** Runs a query or a mutation: a response with data, or the errors for which there is none. It never throws. */
export async function runOperation(options: RunOptions, read: ReadDocument, asked: Asked, run: Run): Promise<Charged> {
  const bill = openBill(options, run.viewer, run.address);
  const answer = await observed(options, read, run.transport, bill, () => answerTo(options, read, asked, run, bill));
  return { answer, budget: bill.charged?.budget };
}

type RunOptions = Pick<TransportOptions, 'graph' | 'sources' | 'budgets' | 'now' | 'metrics' | 'log'>;

/** Begins a stream, which is charged once, or returns why there is none. */
function beginStream(
  options: TransportOptions,
  transport: TransportName,
  live: Live,
  request: StreamRequest,
  sink: Sink,
): ReturnType<Live['subscribe']> {
  const bill = openBill(options, request.session.viewer, request.address);
  return observed(options, request, transport, bill, () =>
    live.subscribe({ ...request, transport, charge: bill.charge }, sink),
  );
}

/** Counts, times and traces one operation, without any label that its caller wrote. */
async function observed<Result extends object>(
  { metrics, log }: Pick<TransportOptions, 'metrics' | 'log'>,
  { document, operation: { operation: kind } }: Pick<ReadDocument, 'document' | 'operation'>,
  transport: TransportName,
  bill: Bill,
  work: () => Promise<Result>,
): Promise<Result> {
  const begunAt = performance.now();
  const traced = async (span: Span): Promise<Result> => {
    const answer = await work();
    span.set({ 'credit_graph.outcome': outcomeOf(answer) });
    return answer;
  };
  const result = await inSpan(
    kind,
    'INTERNAL',
    () => ({ 'graphql.operation.type': kind }),
    (span) => (span ? traced(span) : work()),
  );
  const outcome = outcomeOf(result);
  const seconds = (performance.now() - begunAt) / 1000;
  metrics?.answered({
    document,
    kind,
    transport,
    outcome,
    seconds,
    cost: bill.charged?.budget.isGiven ? bill.charged.cost : undefined,
  });
  if (log.isLevelEnabled('debug'))
    log.debug({ kind, transport, outcome, ms: Math.round(seconds * 1000) }, 'an operation was answered');
  return result;
}

function outcomeOf(result: object): string {
  const { data, errors, extensions }: Answer = result;
  if (data === undefined && errors) return codeOf(errors[0]);
  return (extensions?.['completeness'] as { status?: unknown } | undefined)?.status === 'PARTIAL' ? 'partial' : 'ok';
}

async function answerTo(
  options: RunOptions,
  read: ReadDocument,
  asked: Asked,
  run: Run,
  { charge }: Bill,
): Promise<Answer> {
  try {
    const answer = await options.graph.run({
      ...read,
      variables: asked.variables,
      ...run,
      reportsCost: run.reportsCost || asked.reportsCost,
      charge,
    });
    return (await isOutage(options, answer))
      ? { errors: [unavailable('None of the sources can be reached now: ask again later.')] }
      : answer;
  } catch (error) {
    const known = errorOf(error);
    return { errors: [known instanceof GraphQLError ? known : internal(error)] };
  }
}

const internal = (thrown: unknown): GraphQLError =>
  new GraphQLError('Internal error', {
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
    originalError: thrown instanceof Error ? thrown : new Error(String(thrown)),
  });

/** The same as text, or the errors for which nothing ran. */
export async function answerOnce(
  options: TransportOptions,
  read: ReadDocument,
  asked: Asked,
  run: Run,
): Promise<string | { readonly errors: readonly unknown[] }> {
  const { answer } = await runOperation(options, read, asked, run);
  return answer.data === undefined ? { errors: answer.errors ?? [] } : answerText(options, answer);
}

const LOST: ReadonlySet<unknown> = new Set(['SUBGRAPH_UNAVAILABLE', 'DEADLINE']);

/**
 * Whether the whole response is lost because no source answers: one source that answers makes it a partial response.
 */
async function isOutage(
  { sources }: Pick<TransportOptions, 'sources'>,
  { data, errors = [] }: Answer,
): Promise<boolean> {
  if (errors.length === 0 || !errors.every(({ extensions }) => LOST.has(extensions['code']))) return false;
  if (!data || Object.values(data).some((value) => value !== null)) return false;
  await sources.refresh();
  const states = sources.states();
  return states.length > 0 && states.every(({ state }) => state === 'UNAVAILABLE');
}

/**
 * Begins a stream, which ends when its document is no longer published. @param live of the options, where there is one
 */
export async function followOperation(
  options: TransportOptions,
  transport: TransportName,
  live: Live,
  { text, publishedFor }: AllowedText,
  request: StreamRequest,
  sink: Sink,
): ReturnType<Live['subscribe']> {
  const { trusted } = options;
  if (publishedFor === null) return beginStream(options, transport, live, request, sink);
  let cursor: string | null = null;
  let stream: Stream | null = null;
  let isOver = false;
  const unwatch = trusted.watch(publishedFor, text, () => {
    if (isOver) return;
    isOver = true;
    stream?.stop();
    sink.end('WITHDRAWN', cursor);
  });
  const watched: Sink = {
    next(json, after) {
      cursor = after;
      sink.next(json, after);
    },
    waiting: () => sink.waiting(),
    drained: () => sink.drained(),
    end(reason, last) {
      unwatch();
      if (!isOver) sink.end(reason, last);
      isOver = true;
    },
  };
  const begun = await beginStream(options, transport, live, request, watched).catch((error: unknown) => {
    unwatch();
    throw error;
  });
  if ('errors' in begun) {
    unwatch();
    return begun;
  }
  stream = begun;
  if (isOver) begun.stop();
  return {
    stop() {
      unwatch();
      begun.stop();
    },
  };
}

/** The holder of a stream, for the quota. */
export const holderOf = ({ viewer }: Session): Omit<StreamHolder, 'address'> => ({
  token: viewer.tokenId,
  organisation: viewer.organisation,
});
