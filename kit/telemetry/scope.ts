import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

// What one request carries through its process without being handed on: its id, which stands in each of its log lines, and the span that the
// next one hangs from. No answer depends on it.

/** What a span may say: never a name, a code, a variable or a token of anybody. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;
export type SpanKind = 'SERVER' | 'CLIENT' | 'INTERNAL';

/** One step of a trace. None of its functions throws. */
export interface Span {
  readonly traceId: string;
  /** The header `traceparent` for whoever is asked next (W3C Trace Context). */
  readonly traceparent: string;
  child(name: string, kind: SpanKind, attributes: SpanAttributes): Span;
  set(attributes: SpanAttributes): void;
  /** @param failure what it failed with, as a code or the name of an error: its message may hold what was asked */
  end(failure?: string): void;
}

/** Begins the first span of a trace in this process. */
export interface Tracer extends AsyncDisposable {
  /** @param caller `traceparent` of whoever asked, and whether its trace goes on here or is only pointed at; null: there is none */
  begin(name: string, kind: SpanKind, attributes: SpanAttributes, caller: { readonly traceparent: string; readonly as: 'parent' | 'link' } | null): Span;
}

/** One request, or one operation of a WebSocket. */
export interface RequestScope {
  readonly requestId: string;
  /** Null: nothing is traced. */
  span: Span | null;
  /** Shared by all that it goes through: timers and sockets that were made under a request outlive it and are not of it any more. */
  readonly life: { isOver: boolean };
}

const storage = new AsyncLocalStorage<RequestScope>();

/** The request that runs, if one does. */
export function currentScope(): RequestScope | undefined {
  const scope = storage.getStore();
  return scope?.life.isOver ? undefined : scope;
}

export const openScope = (requestId: string, span: Span | null): RequestScope => ({ requestId, span, life: { isOver: false } });

/** Ends the request and its first span. Safe to call twice. */
export function closeScope(scope: RequestScope, failure?: string): void {
  if (scope.life.isOver) return;
  scope.life.isOver = true;
  scope.span?.end(failure);
}

/** Ends the trace of what goes on for long: a stream that has begun. The request goes on. */
export function endTrace(scope: RequestScope): void {
  scope.span?.end();
  scope.span = null;
}

export const inScope = <Result>(scope: RequestScope, work: () => Result): Result => storage.run(scope, work);

/** Runs what all requests share, which one of them happened to start. */
export const outsideRequests = <Result>(work: () => Result): Result => storage.exit(work);

const NO_ATTRIBUTES: SpanAttributes = {};

/** Runs work as a step of the trace of the request that runs; without one it only runs it. */
export function inSpan<Result>(name: string, kind: SpanKind, attributes: () => SpanAttributes, work: (span: Span | null) => Promise<Result>): Promise<Result> {
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

export const noAttributes = (): SpanAttributes => NO_ATTRIBUTES;

/** An error by its code or its class. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code, extensions } = error as { code?: unknown; extensions?: { code?: unknown } };
  for (const word of [extensions?.code, code]) if (typeof word === 'string' && /^\w{1,64}$/.test(word)) return word;
  return error.name;
}

/** 1–128 letters, digits and `. _ : / + = -`, the first a letter or a digit: UUIDs, hexadecimal, base64, those of proxies. */
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}$/;
/** A telephone number, an identity number and a social credit code would be ids by their form, and would then stand in logs. */
const OF_SOMEBODY = /^(?:\d{7,18}|\d{17}[Xx]|[0-9A-Z]{18})$/;

/** @returns what was given as `x-request-id` where it may stand in a log, else a new id */
export const requestIdOf = (given: unknown): string => (typeof given === 'string' && REQUEST_ID.test(given) && !OF_SOMEBODY.test(given) ? given : randomUUID());

/** A `traceparent` of version 00, or null for what is none: https://www.w3.org/TR/trace-context/#traceparent-header */
export const traceparentIn = ({ traceparent }: IncomingHttpHeaders): string | null =>
  typeof traceparent === 'string' && /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent) ? traceparent : null;

/** The headers by which another process of ours knows the request. */
export function scopeHeaders(): Record<string, string> {
  const scope = currentScope();
  if (!scope) return {};
  return scope.span ? { 'x-request-id': scope.requestId, traceparent: scope.span.traceparent } : { 'x-request-id': scope.requestId };
}
