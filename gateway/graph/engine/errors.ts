import { GraphQLError } from 'graphql';
import type { SubgraphError } from './transport.ts';

/** Keys and list positions from the root; `@` stands for every position of a list. */
export type Path = readonly (string | number)[];

/** Why part of a fetch is missing, as the client sees it. */
export interface Cause {
  /** Whose answer is missing: a subgraph, `policy`, or `gateway`. */
  readonly source: string;
  readonly message: string;
  readonly extensions: Record<string, unknown>;
  /**
   * It was lost with its object, because of another field. It is no error where the client loses the object as well.
   */
  readonly swept?: true;
}

const INTERNAL = { message: 'Internal error', code: 'INTERNAL_SERVER_ERROR' };
const PUBLIC_EXTENSIONS = [
  'code',
  'reason',
  'argument',
  'expected',
  'retryable',
  'oldest',
  'position',
  'line',
] as const;
/** Codes by which a subgraph says that the caller may not see what exists. */
const POLICY_CODES: ReadonlySet<unknown> = new Set(['UNAUTHORIZED_FIELD_OR_TYPE', 'PURPOSE_REQUIRED']);
/** The maximum length of a message or of a value in extensions, in characters, and of a list in them. */
const MAX_TEXT = 1000;
const MAX_ITEMS = 100;

export const internalCause = (source: string): Cause => ({
  source,
  message: INTERNAL.message,
  extensions: { code: INTERNAL.code },
});
export const sweptCause = (source: string): Cause => ({ ...internalCause(source), swept: true });

export const unavailableCause = (source: string): Cause => ({
  source,
  message: `The ${source} source is unavailable.`,
  extensions: { code: 'SUBGRAPH_UNAVAILABLE', source, retryable: true },
});

export const deadlineCause = (source: string): Cause => ({
  source,
  message: 'The deadline passed before this was answered.',
  extensions: { code: 'DEADLINE', source, retryable: true },
});

/** At the root, with no single field, it has no path. */
export const causeError = ({ message, extensions }: Cause, path: Path): GraphQLError =>
  new GraphQLError(message, { path: path.length > 0 ? path : null, extensions });

const isPlain = (value: unknown): boolean =>
  value === null ||
  (typeof value === 'string' && value.length <= MAX_TEXT) ||
  typeof value === 'number' ||
  typeof value === 'boolean';

/**
 * The part of a subgraph's error that may leave the gateway: everything of a public code, nothing of any other.
 * @returns also whether it was masked
 */
export function publicError(
  source: string,
  error: SubgraphError,
  publicCodes: ReadonlySet<string>,
): { cause: Cause; masked: boolean } {
  const given = error.extensions;
  if (typeof given?.code !== 'string' || !publicCodes.has(given.code) || typeof error.message !== 'string') {
    return { cause: internalCause(source), masked: true };
  }
  const extensions: Record<string, unknown> = {};
  for (const key of PUBLIC_EXTENSIONS) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (isPlain(value) || (Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isPlain)))
      extensions[key] = value;
  }
  const message = error.message.length > MAX_TEXT ? `${error.message.slice(0, MAX_TEXT)}…` : error.message;
  return { cause: { source: POLICY_CODES.has(given.code) ? 'policy' : source, message, extensions }, masked: false };
}

/** Where subgraphs reported errors, by planned keys and indexes. */
export interface ReportNode {
  children: Map<string | number, ReportNode>;
  /** For exactly this place. */
  causes: Cause[];
  /** For what a fetch would have returned of the object here, and so for each absent field in it. */
  lost: Cause[];
}

/** A place without reports. */
export const createReportNode = (): ReportNode => ({ children: new Map(), causes: [], lost: [] });

/** The node of a path, made where there is none. */
export function reportAt(root: ReportNode, path: Path): ReportNode {
  let node = root;
  for (const segment of path) {
    let next = node.children.get(segment);
    if (!next) node.children.set(segment, (next = createReportNode()));
    node = next;
  }
  return node;
}

/** What failed fetches would have returned, by planned keys; lists are transparent. */
export interface MissingNode {
  children: Map<string, MissingNode>;
  /** Why it is null wherever it is. */
  causes: Cause[];
  /** Errors of a fetch for the objects here that name no field. */
  faults: Cause[];
  /** Where it is null without a reason of its own, such an error of one of these sources may be the reason. */
  suspects: Set<string>;
  /** Where it was reported already, as the client's path. */
  reported: Set<string>;
}

/** A place that lacks nothing. */
export const createMissingNode = (): MissingNode => ({
  children: new Map(),
  causes: [],
  faults: [],
  suspects: new Set(),
  reported: new Set(),
});

/** The node of a path of keys, made where there is none. */
export function missingAt(root: MissingNode, keys: readonly string[]): MissingNode {
  let node = root;
  for (const key of keys) {
    let next = node.children.get(key);
    if (!next) node.children.set(key, (next = createMissingNode()));
    node = next;
  }
  return node;
}

/** The maximum of different reasons kept for one place. */
const MAX_CAUSES = 10;

/** Adds a cause, unless there is an equal one or there are too many. */
export function addCause(causes: Cause[], cause: Cause): void {
  if (causes.length >= MAX_CAUSES || causes.some((known) => isSameCause(known, cause))) return;
  causes.push(cause);
}

const isSameCause = (one: Cause, other: Cause): boolean =>
  one === other ||
  (one.source === other.source && one.message === other.message && one.extensions.code === other.extensions.code);

/**
 * By path, then code, then message, each once: the same operation has the same list in whatever order sources answer.
 */
export function sortedErrors(errors: readonly GraphQLError[]): GraphQLError[] {
  const sorted = errors.toSorted(
    (one, other) =>
      comparePaths(one.path ?? [], other.path ?? []) ||
      compare(codeOf(one), codeOf(other)) ||
      compare(one.message, other.message),
  );
  return sorted.filter((error, index) => {
    const before = sorted[index - 1];
    return (
      !before ||
      comparePaths(before.path ?? [], error.path ?? []) !== 0 ||
      codeOf(before) !== codeOf(error) ||
      before.message !== error.message ||
      before.extensions.source !== error.extensions.source
    );
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
