import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import { createBreaker, type Outcome } from '#kit/breaker.ts';
import { createRetryBudget } from '#kit/retry.ts';
import { addRead } from './answerSize.ts';
import { inSpan, scopeHeaders, type SpanAttributes } from '#kit/telemetry/scope.ts';
import { isObject } from './merge.ts';
import { SubgraphUnavailable } from './transport.ts';
import type { PlannedOperation, SubgraphCall, SubgraphError, SubgraphResult, Transport } from './transport.ts';

export interface HttpTransportOptions {
  url: string;
  /** @param body as it is sent */
  headers: (call: SubgraphCall, body: string) => Record<string, string>;
  /** Goes into the request body as `extensions`. */
  body?: (call: SubgraphCall) => Record<string, unknown> | undefined;
  /** For the whole exchange: connection, headers and body together. */
  timeoutMs: number;
  connections?: number;
  maxBytes?: number;
  breaker?: { failures?: number; openMs?: number; now?: () => number };
}

/** Failed before a byte of an answer came: a read may be asked again. */
class ConnectionFailed extends SubgraphUnavailable {}

/**
 * A lean GraphQL-over-HTTP client for one subgraph (POST, JSON). One connection carries one request at a time, since a
 * slow answer would hold up those behind it. A read that met a broken connection is asked once more, a mutation never, and
 * of ten reads one at most is asked again when all fail.
 * After `breaker.failures` (5) failures in a row nothing is sent for `breaker.openMs` (1000), then one call probes.
 */
export function createHttpTransport(options: HttpTransportOptions): Transport & AsyncDisposable & { isBreakerOpen(): boolean } {
  const { timeoutMs, connections = 64, maxBytes = 64 * 1024 * 1024 } = options;
  const url = new URL(options.url);
  const path = url.pathname + url.search;
  const attributes = clientAttributes('POST', url);
  const pool = new Pool(url.origin, { connections, pipelining: 1, keepAliveTimeout: 30_000, connectTimeout: timeoutMs, headersTimeout: 0, bodyTimeout: 0 });
  const queries = new WeakMap<PlannedOperation, string>();
  const { failures = 5, openMs = 1000, now = Date.now } = options.breaker ?? {};
  const breaker = createBreaker({ failures, openMs: () => openMs, refusal: () => new SubgraphUnavailable('the breaker is open'), clockMs: now });
  const budget = createRetryBudget();

  function bodyOf(call: SubgraphCall): string {
    let start = queries.get(call.operation);
    if (start === undefined) {
      const { document, name } = call.operation;
      start = `{"query":${JSON.stringify(document)}${name === undefined ? '' : `,"operationName":${JSON.stringify(name)}`}`;
      queries.set(call.operation, start);
    }
    const extensions = options.body?.(call);
    return `${start},"variables":${JSON.stringify(call.variables)}${extensions ? `,"extensions":${JSON.stringify(extensions)}` : ''}}`;
  }

  function send(call: SubgraphCall, body: string, deadline: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let started = false;
      let controller: Dispatcher.DispatchController | undefined;
      let settled = false;

      const finish = (error: Error | undefined, value?: unknown): void => {
        if (settled) return;
        settled = true;
        clearTimeout(timer);
        call.signal?.removeEventListener('abort', onAbort);
        if (error) reject(error);
        else resolve(value);
      };
      const stop = (error: Error): void => {
        finish(error);
        controller?.abort(error);
      };
      const onAbort = (): void => stop(new SubgraphUnavailable('aborted'));
      const timer = setTimeout(() => stop(new SubgraphUnavailable(`no answer in ${timeoutMs} ms`)), Math.max(0, deadline - performance.now()));
      call.signal?.addEventListener('abort', onAbort, { once: true });

      pool.dispatch(
        { path, method: 'POST', body, headers: { 'content-type': 'application/json', accept: 'application/json', ...scopeHeaders(), ...options.headers(call, body) } },
        {
          onRequestStart(given) {
            controller = given;
            if (settled) given.abort(new SubgraphUnavailable('stopped before it was sent'));
          },
          onResponseStart(given, status) {
            if (status < 200) return;
            started = true;
            if (status < 300) return;
            const error = new SubgraphUnavailable(`HTTP status ${status}`);
            finish(error);
            given.abort(error);
          },
          onResponseData(given, chunk) {
            size += chunk.length;
            try {
              if (size > maxBytes) throw new SubgraphUnavailable(`answer of more than ${maxBytes} bytes`);
              if (call.meter) addRead(call.meter, chunk.length);
              chunks.push(chunk);
            } catch (error) {
              chunks.length = 0;
              finish(error as Error);
              given.abort(error as Error);
            }
          },
          onResponseEnd() {
            try {
              const text = chunks.length === 1 ? (chunks[0] as Buffer).toString('utf8') : Buffer.concat(chunks, size).toString('utf8');
              finish(undefined, JSON.parse(text));
            } catch (cause) {
              finish(new SubgraphUnavailable('the answer is not JSON', { cause }));
            }
          },
          onResponseError(_, cause) {
            finish(started ? new SubgraphUnavailable('the answer broke off', { cause }) : new ConnectionFailed('the connection failed', { cause }));
          },
        },
      );
    });
  }

  const ask = (call: SubgraphCall, body: string, deadline: number): Promise<unknown> =>
    inSpan(`POST ${url.pathname}`, 'CLIENT', attributes, () => send(call, body, deadline));

  async function exchange(call: SubgraphCall): Promise<SubgraphResult> {
    const body = bodyOf(call);
    const deadline = performance.now() + timeoutMs;
    budget.deposit();
    try {
      return parsed(await ask(call, body, deadline));
    } catch (error) {
      const again = error instanceof ConnectionFailed && call.operationKind === 'query' && !call.signal?.aborted && budget.withdraw();
      if (!again) throw error;
      return parsed(await ask(call, body, deadline));
    }
  }

  return {
    isBreakerOpen: () => breaker.isOpen(),
    async execute(call) {
      if (call.signal?.aborted) throw new SubgraphUnavailable('aborted');
      const leave = breaker.enter();
      let outcome: Outcome = 'unknown';
      try {
        const result = await exchange(call);
        outcome = 'answered';
        return result;
      } catch (error) {
        // A caller that went away says nothing about the subgraph.
        if (error instanceof SubgraphUnavailable && !call.signal?.aborted) outcome = 'failed';
        throw error;
      } finally {
        leave(outcome);
      }
    },
    async [Symbol.asyncDispose]() {
      await pool.destroy();
    },
  };
}

/** By the conventions for HTTP clients: https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
export function clientAttributes(method: string, { hostname, port, protocol }: URL): () => SpanAttributes {
  const attributes = { 'http.request.method': method, 'server.address': hostname, 'server.port': Number(port) || (protocol === 'https:' ? 443 : 80) };
  return () => attributes;
}

function parsed(body: unknown): SubgraphResult {
  if (!isObject(body)) throw new SubgraphUnavailable('the answer is not an object');
  const { data, errors, extensions } = body;
  const result: SubgraphResult = {};
  if (isObject(data) || data === null) result.data = data;
  else if (data !== undefined) throw new SubgraphUnavailable('the answer has no object as data');
  if (Array.isArray(errors) && errors.length > 0) {
    result.errors = errors.map((error): SubgraphError => {
      if (!isObject(error)) return { message: '' };
      const path = Array.isArray(error.path) ? (error.path as (string | number)[]) : undefined;
      return { message: typeof error.message === 'string' ? error.message : '', path, extensions: isObject(error.extensions) ? error.extensions : undefined };
    });
  }
  if (!result.data && !result.errors) throw new SubgraphUnavailable('the answer has neither data nor errors');
  if (isObject(extensions)) result.extensions = extensions;
  return result;
}
