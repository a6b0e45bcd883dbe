import type { IncomingHttpHeaders } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import type { Log } from '#kit/log.ts';
import type { Viewer } from '#policy/viewer.ts';
import type { Authenticator } from '../auth.ts';
import type { Documents, ReadDocument } from '../documents.ts';
import { type ErrorWords, formatted } from '../errors.ts';
import type { Answer, Graph } from '../graph.ts';
import type { Live } from '../live/subscriber.ts';

// What the doors beside Apollo Server's have in common: an operation as it is asked, who asks it, and its answer as text.

export interface DoorOptions {
  readonly graph: Graph;
  readonly documents: Documents;
  readonly authenticator: Authenticator;
  /** Undefined where there is nothing to follow; subscriptions are refused then. */
  readonly live: Live | undefined;
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

/** An answer as the HTTP door writes it. */
export const answerText = ({ data, errors, extensions }: Answer): string => JSON.stringify({ ...(errors ? { errors } : null), data, ...(extensions ? { extensions } : null) });

export const tell = ({ words }: Pick<DoorOptions, 'words'>, errors: readonly unknown[]): GraphQLFormattedError[] => errors.map((error) => words(formatted(error), error));

/** Runs a query or a mutation: its answer as text, or the errors for which nothing ran. */
export async function answerOnce(options: DoorOptions, read: ReadDocument, asked: Asked, viewer: Viewer, mode: 'filter' | 'reject', signal: AbortSignal): Promise<string | { readonly errors: readonly unknown[] }> {
  try {
    const answer = await options.graph.run({ ...read, variables: asked.variables, viewer, mode, signal });
    return answer.data === undefined ? { errors: answer.errors ?? [] } : answerText(answer);
  } catch (error) {
    return { errors: [error] };
  }
}
