import type { IncomingHttpHeaders } from 'node:http';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import type { Log } from '#kit/log.ts';
import { textProblem } from '#kit/text.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from '../auth.ts';
import type { Documents, ReadDocument } from '../documents.ts';
import type { Budgets, BudgetState } from '../budget/budgets.ts';
import { costOf } from '../budget/cost.ts';
import { budgetRefusal } from '../budget/refusal.ts';
import { errorOf, type ErrorWords, formatted, unavailable } from '../errors.ts';
import type { Answer, Graph } from '../graph.ts';
import type { ClientAddresses } from '../http/address.ts';
import type { StreamHolder, StreamQuota } from '../http/streamQuota.ts';
import type { Live, Session } from '../live/subscriber.ts';
import type { SourceBook } from '../sources.ts';

// What all transports have in common: an operation as it is asked, who asks it, how it is run, and its answer as text.

export interface DoorOptions {
  readonly graph: Graph;
  readonly documents: Documents;
  readonly sources: Pick<SourceBook, 'states' | 'refresh'>;
  readonly authenticator: Authenticator;
  /** Undefined where there is nothing to follow; subscriptions are refused then. */
  readonly live: Live | undefined;
  /** How many connections and streams one caller may hold. */
  readonly quota: StreamQuota;
  readonly budgets: Budgets;
  readonly addresses: ClientAddresses;
  readonly words: ErrorWords;
  /** For operations without `x-unauthorized: reject`. */
  readonly policyMode: 'filter' | 'reject';
  readonly log: Log;
  readonly now: () => Date;
}

/** The parameters of GraphQL over HTTP, which a `subscribe` has too. */
export interface Asked {
  readonly query: string;
  readonly operationName: string | null | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
}

export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Null: it is no operation. */
export function readAsked(given: unknown): Asked | null {
  if (!isRecord(given)) return null;
  const { query, operationName, variables, extensions } = given;
  if (typeof query !== 'string' || query === '') return null;
  if (operationName !== undefined && operationName !== null && typeof operationName !== 'string') return null;
  for (const each of [variables, extensions]) if (each !== undefined && each !== null && !isRecord(each)) return null;
  return { query, operationName, variables: isRecord(variables) ? variables : {} };
}

/** Reads what is asked before anything of it is walked: its texts, then its document. */
export function readOperation({ documents }: Pick<DoorOptions, 'documents'>, { query, operationName, variables }: Asked): ReturnType<Documents> {
  const problem = textProblem('operationName', operationName) ?? variablesProblem(variables);
  return problem ? { errors: [problem] } : documents(query, operationName);
}

function variablesProblem(variables: Asked['variables']): GraphQLError | null {
  for (const name of Object.keys(variables)) {
    const problem = textProblem('variables', name) ?? textProblem(`$${name}`, variables[name]);
    if (problem) return problem;
  }
  return null;
}

/** Who asks, for what, and whether to be refused whole. */
export interface Credentials {
  readonly authorization: string | undefined;
  readonly purpose: string | undefined;
  readonly rejects: boolean;
}

export function credentialsIn(request: { readonly headers: IncomingHttpHeaders; readonly rawHeaders: readonly string[] }): Credentials {
  const authorizations = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'authorization').length;
  const purpose = request.headers['x-purpose'];
  return {
    // Of two Authorization headers Node keeps the first; which one a proxy looked at nobody knows.
    authorization: authorizations > 1 ? '' : request.headers.authorization,
    purpose: typeof purpose === 'string' && purpose !== '' ? purpose : undefined,
    rejects: request.headers['x-unauthorized'] === 'reject',
  };
}

/** An answer with data, as every transport writes it. */
export const answerText = (options: Pick<DoorOptions, 'words'>, { data, errors, extensions }: Answer): string =>
  JSON.stringify({ ...(errors ? { errors: tell(options, errors) } : null), data, ...(extensions ? { extensions } : null) });

export const tell = ({ words }: Pick<DoorOptions, 'words'>, errors: readonly unknown[]): GraphQLFormattedError[] => errors.map((error) => words(formatted(error), error));

export interface Run {
  readonly viewer: Viewer;
  readonly mode: 'filter' | 'reject';
  readonly signal: AbortSignal;
  /** The client's, see `callerOf`. */
  readonly address: string | undefined;
}

/** An answer, and what is left of the budget after it. */
export interface Charged extends Answer {
  readonly budget?: BudgetState;
}

/** Charges an operation to whoever asks, before anything of it runs. */
export async function charge({ budgets, now }: Pick<DoorOptions, 'budgets' | 'now'>, read: ReadDocument, { variables }: Asked, { viewer, address }: Pick<Run, 'viewer' | 'address'>): Promise<{ readonly budget: BudgetState; readonly refusal: GraphQLError | null }> {
  const cost = costOf(read, variables);
  const budget = await budgets.spend(viewer, address, cost);
  return { budget, refusal: budget.isGiven ? null : budgetRefusal(budget, cost, now()) };
}

/** Runs a query or a mutation: an answer with data, or the errors for which there is none. Nothing is thrown. */
export async function runOperation(options: Pick<DoorOptions, 'graph' | 'sources' | 'budgets' | 'now'>, read: ReadDocument, asked: Asked, run: Run): Promise<Charged> {
  try {
    const { budget, refusal } = await charge(options, read, asked, run);
    if (refusal) return { errors: [refusal], budget };
    const answer = await options.graph.run({ ...read, variables: asked.variables, ...run, budget });
    return (await isOutage(options, answer)) ? { errors: [unavailable('None of the sources can be reached now: ask again later.')], budget } : { ...answer, budget };
  } catch (error) {
    const known = errorOf(error);
    return { errors: [known instanceof GraphQLError ? known : internal(error)] };
  }
}

const internal = (thrown: unknown): GraphQLError =>
  new GraphQLError('Internal error', { extensions: { code: 'INTERNAL_SERVER_ERROR' }, originalError: thrown instanceof Error ? thrown : new Error(String(thrown)) });

/** The same as text, or the errors for which nothing ran. */
export async function answerOnce(options: DoorOptions, read: ReadDocument, asked: Asked, run: Run): Promise<string | { readonly errors: readonly unknown[] }> {
  const answer = await runOperation(options, read, asked, run);
  return answer.data === undefined ? { errors: answer.errors ?? [] } : answerText(options, answer);
}

const LOST: ReadonlySet<unknown> = new Set(['SUBGRAPH_UNAVAILABLE', 'DEADLINE']);

/** Whether everything that was asked is lost since no source answers: one that answers makes it a partial answer. */
async function isOutage({ sources }: Pick<DoorOptions, 'sources'>, { data, errors = [] }: Answer): Promise<boolean> {
  if (errors.length === 0 || !errors.every(({ extensions }) => LOST.has(extensions['code']))) return false;
  if (!data || Object.values(data).some((value) => value !== null)) return false;
  await sources.refresh();
  const states = sources.states();
  return states.length > 0 && states.every(({ state }) => state === 'UNAVAILABLE');
}

/** Who holds a stream, for the quota. */
export const holderOf = ({ viewer }: Session): Omit<StreamHolder, 'address'> => ({ token: viewer.tokenId, organisation: viewer.organisation });
