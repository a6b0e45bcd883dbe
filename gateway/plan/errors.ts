import { GraphQLError } from 'graphql';
import { clientKey } from './names.ts';
import type { SubgraphError } from './transport.ts';

/** Keys and list positions from the root; `@` stands for every position of a list. */
export type Path = readonly (string | number)[];

/** Why fields of a fetch are missing. One error is given per field coordinate that the answer lacks because of it. */
export type Cause =
  | { kind: 'unavailable'; source: string }
  | { kind: 'deadline'; source: string }
  | { kind: 'error'; message: string; extensions: Record<string, unknown> }
  /** The source said null without an error: so be it. */
  | { kind: 'nothing' };

const INTERNAL = { message: 'Internal error', code: 'INTERNAL_SERVER_ERROR' };
const PUBLIC_EXTENSIONS = ['code', 'reason', 'argument', 'expected', 'retryable', 'oldest', 'position', 'line'] as const;

export const internalError = (path: Path, message = INTERNAL.message): GraphQLError =>
  new GraphQLError(message, { path, extensions: { code: INTERNAL.code } });

export function causeError(cause: Exclude<Cause, { kind: 'nothing' }>, path: Path): GraphQLError {
  if (cause.kind === 'error') return new GraphQLError(cause.message, { path, extensions: cause.extensions });
  if (cause.kind === 'deadline') {
    return new GraphQLError('The deadline passed before this was answered.', {
      path, extensions: { code: 'DEADLINE', source: cause.source, retryable: true },
    });
  }
  return new GraphQLError(`The ${cause.source} source is unavailable.`, {
    path, extensions: { code: 'SUBGRAPH_UNAVAILABLE', source: cause.source, retryable: true },
  });
}

const isPlain = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** What of a subgraph's error may leave the gateway: all of a public code, nothing of any other. */
export function publicError(
  error: SubgraphError, publicCodes: ReadonlySet<string>,
): { message: string; extensions: Record<string, unknown>; masked: boolean } {
  const given = error.extensions;
  if (typeof given?.code !== 'string' || !publicCodes.has(given.code) || typeof error.message !== 'string') {
    return { message: INTERNAL.message, extensions: { code: INTERNAL.code }, masked: true };
  }
  const extensions: Record<string, unknown> = {};
  for (const key of PUBLIC_EXTENSIONS) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) extensions[key] = value;
  }
  return { message: error.message, extensions, masked: false };
}

export const clientPath = (path: Path): (string | number)[] =>
  path.map((segment) => (typeof segment === 'string' ? clientKey(segment) : segment));

/** Where subgraphs reported errors, by planned keys, so that a null can be told explained from unexplained. */
export interface ErrorNode {
  children: Map<string | number, ErrorNode>;
  /** Something was reported about this very place: what is absent below it is explained. */
  own: boolean;
}

export const createErrorNode = (): ErrorNode => ({ children: new Map(), own: false });

export function markPath(root: ErrorNode, path: Path): void {
  let node = root;
  for (const segment of path) {
    let next = node.children.get(segment);
    if (!next) node.children.set(segment, (next = createErrorNode()));
    node = next;
  }
  node.own = true;
}

/** What fetches that failed would have given, by planned keys; lists are transparent. */
export interface MissingNode {
  children: Map<string, MissingNode>;
  causes: Cause[];
  reported: boolean;
}

export const createMissingNode = (): MissingNode => ({ children: new Map(), causes: [], reported: false });

export function missingChild(node: MissingNode, key: string): MissingNode {
  let next = node.children.get(key);
  if (!next) node.children.set(key, (next = createMissingNode()));
  return next;
}

/** By path, then code, then message, each told once: the same operation gives the same list whatever answered first. */
export function sortedErrors(errors: readonly GraphQLError[]): GraphQLError[] {
  const sorted = errors.toSorted(
    (one, other) => comparePaths(one.path ?? [], other.path ?? []) || compare(codeOf(one), codeOf(other)) || compare(one.message, other.message),
  );
  return sorted.filter((error, index) => {
    const before = sorted[index - 1];
    return !before || comparePaths(before.path ?? [], error.path ?? []) !== 0 || codeOf(before) !== codeOf(error)
      || before.message !== error.message || before.extensions.source !== error.extensions.source;
  });
}

const codeOf = (error: GraphQLError): string => String(error.extensions.code ?? '');
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

function comparePaths(one: Path, other: Path): number {
  for (let i = 0; i < one.length && i < other.length; i += 1) {
    const a = one[i] as string | number;
    const b = other[i] as string | number;
    if (a === b) continue;
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    return compare(String(a), String(b));
  }
  return one.length - other.length;
}
