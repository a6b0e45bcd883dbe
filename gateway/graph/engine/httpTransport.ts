import { Pool } from 'undici';
import { createBreaker, type Outcome } from '#kit/breaker.ts';
import { createRetryBudget } from '#kit/retry.ts';
import { inSpan, type SpanAttributes } from '#kit/telemetry/scope.ts';
import { ConnectionFailed, type HttpClient, sendCall } from './httpExchange.ts';
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

/**
 * A lean GraphQL-over-HTTP client for one subgraph (POST, JSON). One connection carries one request at a time, since a
 * slow answer would delay those behind it. A read that met a broken connection is sent once more, a mutation never;
 * when all reads fail, at most one of ten is sent again. After `breaker.failures` (5) failures in a row nothing is sent
 * for `breaker.openMs` (1000), then one call probes.
 */
export function createHttpTransport(
  options: HttpTransportOptions,
): Transport & AsyncDisposable & { isBreakerOpen(): boolean } {
  const { timeoutMs, connections = 64, maxBytes = 64 * 1024 * 1024 } = options;
  const url = new URL(options.url);
  const attributes = clientAttributes('POST', url);
  const pool = new Pool(url.origin, {
    connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connectTimeout: timeoutMs,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const client: HttpClient = { pool, path: url.pathname + url.search, headers: options.headers, timeoutMs, maxBytes };
  const queries = new WeakMap<PlannedOperation, string>();
  const { failures = 5, openMs = 1000, now = Date.now } = options.breaker ?? {};
  const breaker = createBreaker({
    failures,
    openMs: () => openMs,
    refusal: () => new SubgraphUnavailable('the breaker is open'),
    clockMs: now,
  });
  const budget = createRetryBudget();

  function bodyOf(call: SubgraphCall): string {
    let start = queries.get(call.operation);
    if (start === undefined) {
      const { document, name } = call.operation;
      const operationName = name === undefined ? '' : `,"operationName":${JSON.stringify(name)}`;
      start = `{"query":${JSON.stringify(document)}${operationName}`;
      queries.set(call.operation, start);
    }
    const extensions = options.body?.(call);
    const end = extensions ? `,"extensions":${JSON.stringify(extensions)}}` : '}';
    return `${start},"variables":${JSON.stringify(call.variables)}${end}`;
  }

  const ask = (call: SubgraphCall, body: string, deadline: number): Promise<unknown> =>
    inSpan(`POST ${url.pathname}`, 'CLIENT', attributes, () => sendCall(client, call, body, deadline));

  async function exchange(call: SubgraphCall): Promise<SubgraphResult> {
    const body = bodyOf(call);
    const deadline = performance.now() + timeoutMs;
    budget.deposit();
    try {
      return resultOf(await ask(call, body, deadline));
    } catch (error) {
      const again =
        error instanceof ConnectionFailed &&
        call.operationKind === 'query' &&
        !call.signal?.aborted &&
        budget.withdraw();
      if (!again) throw error;
      return resultOf(await ask(call, body, deadline));
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
        // A caller that disconnected proves nothing about the subgraph.
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
  const attributes = {
    'http.request.method': method,
    'server.address': hostname,
    'server.port': Number(port) || (protocol === 'https:' ? 443 : 80),
  };
  return () => attributes;
}

/** @throws SubgraphUnavailable where the answer is no result of GraphQL */
function resultOf(body: unknown): SubgraphResult {
  if (!isObject(body)) throw new SubgraphUnavailable('the answer is not an object');
  const { data, errors, extensions } = body;
  const result: SubgraphResult = {};
  if (isObject(data) || data === null) result.data = data;
  else if (data !== undefined) throw new SubgraphUnavailable('the answer has no object as data');
  if (Array.isArray(errors) && errors.length > 0) {
    result.errors = errors.map((error): SubgraphError => {
      if (!isObject(error)) return { message: '' };
      const path = Array.isArray(error.path) ? (error.path as (string | number)[]) : undefined;
      return {
        message: typeof error.message === 'string' ? error.message : '',
        path,
        extensions: isObject(error.extensions) ? error.extensions : undefined,
      };
    });
  }
  if (!result.data && !result.errors) throw new SubgraphUnavailable('the answer has neither data nor errors');
  if (isObject(extensions)) result.extensions = extensions;
  return result;
}
