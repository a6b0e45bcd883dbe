import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// A collector of OpenTelemetry as the specification of OTLP/HTTP in JSON has it: what a process of ours really sent,
// and nothing of its SDK.

export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'CLIENT';
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
  readonly startedAt: bigint;
  readonly endedAt: bigint;
}

export interface Collector extends AsyncDisposable {
  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  readonly endpoint: string;
  readonly spans: readonly CollectedSpan[];
  /** All that was sent, as bytes. */
  readonly text: () => string;
  /** How it answers from now on: `hang` takes and says nothing. */
  answers(how: 'ok' | 'error' | 'hang'): void;
}

interface KeyValue {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: number | string;
    readonly boolValue?: boolean;
    readonly doubleValue?: number;
  };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly {
        readonly traceId: string;
        readonly spanId: string;
        readonly parentSpanId?: string;
        readonly name: string;
        readonly kind: number;
        readonly attributes?: readonly KeyValue[];
        readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
        readonly status?: { readonly code?: number };
        readonly startTimeUnixNano: string;
        readonly endTimeUnixNano: string;
      }[];
    }[];
  }[];
}

/** SpanKind of opentelemetry-proto: 1 INTERNAL, 2 SERVER, 3 CLIENT. */
const kinds = [null, 'INTERNAL', 'SERVER', 'CLIENT'] as const;
const attributesOf = (attributes: readonly KeyValue[] = []): Record<string, unknown> =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.intValue ?? value.boolValue ?? value.doubleValue,
    ]),
  );

export async function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const bodies: string[] = [];
  let how: 'ok' | 'error' | 'hang' = 'ok';
  const server = createServer((request, response) => {
    void (async () => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += String(chunk);
      if (how === 'hang') return;
      if (how === 'error' || request.url !== '/v1/traces' || request.headers['content-type'] !== 'application/json')
        return void response.writeHead(500).end();
      bodies.push(body);
      for (const { resource, scopeSpans } of (JSON.parse(body) as Export).resourceSpans) {
        const service = String(attributesOf(resource.attributes)['service.name']);
        for (const span of scopeSpans.flatMap((scope) => scope.spans)) {
          const {
            traceId,
            spanId,
            parentSpanId,
            name,
            kind,
            attributes,
            links = [],
            status,
            startTimeUnixNano,
            endTimeUnixNano,
          } = span;
          spans.push({
            service,
            traceId,
            spanId,
            parentSpanId: parentSpanId || null,
            name,
            kind: kinds[kind] as CollectedSpan['kind'],
            attributes: attributesOf(attributes),
            isError: status?.code === 2,
            links: links.map((link) => ({ traceId: link.traceId, spanId: link.spanId })),
            startedAt: BigInt(startTimeUnixNano),
            endedAt: BigInt(endTimeUnixNano),
          });
        }
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    text: () => bodies.join('\n'),
    answers: (given) => void (how = given),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A trace as lines, each step under what it hangs from: `service: KIND name`. */
export function treeOf(spans: readonly CollectedSpan[], traceId: string): string[] {
  const own = spans.filter((span) => span.traceId === traceId);
  const known = new Set(own.map(({ spanId }) => spanId));
  const under = (parent: string | null, depth: number): string[] =>
    own
      .filter(({ parentSpanId }) =>
        parent === null ? parentSpanId === null || !known.has(parentSpanId) : parentSpanId === parent,
      )
      .toSorted((one, other) => (one.startedAt < other.startedAt ? -1 : 1))
      .flatMap(({ service, kind, name, spanId }) => [
        `${'  '.repeat(depth)}${service}: ${kind} ${name}`,
        ...under(spanId, depth + 1),
      ]);
  return under(null, 0);
}
