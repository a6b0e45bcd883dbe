import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

// What one request carries through its process without being passed on: its id, which is in each of its log lines, and
// the span that is the parent of the next one. No answer depends on it.

/** What a span may hold: never a name, a code, a variable or a token of anybody. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;
export type SpanKind = 'SERVER' | 'CLIENT' | 'INTERNAL';

/** One step of a trace. None of its functions throws. */
export interface Span {
  readonly traceId: string;
  /** The header `traceparent` for the next request (W3C Trace Context). */
  readonly traceparent: string;
  child(name: string, kind: SpanKind, attributes: SpanAttributes): Span;
  set(attributes: SpanAttributes): void;
  /** @param failure what it failed with, as a code or the name of an error: its message may hold what was requested */
  end(failure?: string): void;
}

/** Begins the first span of a trace in this process. */
export interface Tracer extends AsyncDisposable {
  /**
   * @param caller `traceparent` of the caller, and whether its trace continues here or is only linked; null: there is
   * none
   */
  begin(
    name: string,
    kind: SpanKind,
    attributes: SpanAttributes,
    caller: { readonly traceparent: string; readonly as: 'parent' | 'link' } | null,
  ): Span;
}

/** One request, or one operation of a WebSocket. */
export interface RequestScope {
  readonly requestId: string;
  /** Null: nothing is traced. */
  span: Span | null;
  /**
   * Shared by all that the request passes: timers and sockets made under a request outlive it and then no longer belong
   * to it.
   */
  readonly life: { isOver: boolean };
}

const storage = new AsyncLocalStorage<RequestScope>();

/** The request under which this code runs; undefined outside of requests and for one that has ended. */
export function currentScope(): RequestScope | undefined {
  const scope = storage.getStore();
  return scope?.life.isOver ? undefined : scope;
}

/** Makes the scope in which a request runs (`inScope`) until `closeScope`. @param span null: nothing is traced */
export const openScope = (requestId: string, span: Span | null): RequestScope => ({
  requestId,
  span,
  life: { isOver: false },
});

/** Ends the request and its first span. Safe to call twice. */
export function closeScope(scope: RequestScope, failure?: string): void {
  if (scope.life.isOver) return;
  scope.life.isOver = true;
  scope.span?.end(failure);
}

/** Ends the trace of what lasts long: a stream that has begun. The request continues. */
export function endTrace(scope: RequestScope): void {
  scope.span?.end();
  scope.span = null;
}

/** Runs work, and all that it begins, within the scope of a request. Returns what the work returns. */
export const inScope = <Result>(scope: RequestScope, work: () => Result): Result => storage.run(scope, work);

/** Runs work that all requests share and that one of them happened to start. */
export const outsideRequests = <Result>(work: () => Result): Result => storage.exit(work);

const NO_ATTRIBUTES: SpanAttributes = {};

/** Runs work as a step of the trace of the current request; without one it only runs the work. */
export function inSpan<Result>(
  name: string,
  kind: SpanKind,
  attributes: () => SpanAttributes,
  work: (span: Span | null) => Promise<Result>,
): Promise<Result> {
  const scope = currentScope();
  return scope?.span ? traced(scope, scope.span.child(name, kind, attributes()), work) : work(null);
}

async function traced<Result>(scope: RequestScope, span: Span, work: (span: Span) => Promise<Result>): Promise<Result> {
  try {
    const result = await storage.run({ ...scope, span }, () => work(span));
    span.end();
    return result;
  } catch (error) {
    span.end(failureOf(error));
    throw error;
  }
}

/** For a span that needs no attributes: the same object each time. */
export const noAttributes = (): SpanAttributes => NO_ATTRIBUTES;

/**
 * The name of an error for traces and counters: its code, else its class. It is never the message, which may hold what
 * was requested.
 */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, extensions } = error as { code?: unknown; extensions?: { code?: unknown } };
  for (const word of [extensions?.code, code]) if (typeof word === 'string' && /^\w{1,64}$/.test(word)) return word;
  return error.name;
}

/**
 * 1–128 letters, digits and `. _ : / + = -`, the first a letter or a digit: UUIDs, hexadecimal, base64, those of
 * proxies.
 */
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}$/;
/**
 * A telephone number, an identity number and a social credit code have the form of an id, and would then be in logs.
 */
const OF_SOMEBODY = /^(?:\d{7,18}|\d{17}[Xx]|[0-9A-Z]{18})$/;

/** @returns the given `x-request-id` where it may be in a log, else a new id */
export const requestIdOf = (given: unknown): string =>
  typeof given === 'string' && REQUEST_ID.test(given) && !OF_SOMEBODY.test(given) ? given : randomUUID();

/** A `traceparent` of version 00, or null for anything else: https://www.w3.org/TR/trace-context/#traceparent-header */
export const traceparentIn = ({ traceparent }: IncomingHttpHeaders): string | null =>
  typeof traceparent === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)
    ? traceparent
    : null;

/** The headers that pass the request's id and trace to another process of ours. */
export function scopeHeaders(): Record<string, string> {
  const scope = currentScope();
  if (!scope) return {};
  return scope.span
    ? { 'x-request-id': scope.requestId, traceparent: scope.span.traceparent }
    : { 'x-request-id': scope.requestId };
}
