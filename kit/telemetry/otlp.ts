import {
  type AttributeValue,
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  type SpanContext,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Log } from '#kit/log.ts';
import type { Span, Tracer } from './scope.ts';

// The one file that knows OpenTelemetry, loaded only where spans are sent (docs/adr/0021-seeing.md).

/** Maximum number of spans that wait for a collector that is away; more are lost. A span has about 1 KB. */
const MAX_WAITING_SPANS = 4096;
const EXPORT_EVERY_MS = 2000;
const EXPORT_DEADLINE_MS = 5000;
/** How long the last export may take when the process ends, in milliseconds. */
const LAST_EXPORT_MS = 2000;
const ONE_WORD_PER_MS = 60_000;

const contextOf = (traceparent: string): SpanContext => {
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED, isRemote: true };
};

/**
 * Creates a tracer that sends spans to `endpoint` as OTLP over HTTP, in JSON. `OTEL_EXPORTER_OTLP_HEADERS` holds
 * headers for the collector.
 * @param ratio the share of the traces begun here that is kept: 0 to 1
 */
export function createOtlpTracer(endpoint: string, ratio: number, service: string, log: Log): Tracer {
  let statedAt = Number.NEGATIVE_INFINITY;
  const lost = (): void => {
    if (performance.now() - statedAt < ONE_WORD_PER_MS) return;
    statedAt = performance.now();
    log.warn('spans could not be sent to the collector');
  };
  // The exporter's messages hold the collector's address and its answer.
  diag.setLogger(
    { error: lost, warn: lost, info() {}, debug() {}, verbose() {} },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    timeoutMillis: EXPORT_DEADLINE_MS,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': service,
      'service.namespace': 'credit-graph',
      'process.pid': process.pid,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_WAITING_SPANS,
        scheduledDelayMillis: EXPORT_EVERY_MS,
        exportTimeoutMillis: EXPORT_DEADLINE_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('credit-graph');

  const wrap = (span: OtelSpan): Span => {
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceId,
      traceparent: `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`,
      child: (name, kind, attributes) =>
        wrap(tracer.startSpan(name, { kind: SpanKind[kind], attributes }, trace.setSpan(ROOT_CONTEXT, span))),
      set: (attributes) => void span.setAttributes(attributes as Record<string, AttributeValue>),
      end(failure) {
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', failure);
        span.end();
      },
    };
  };

  return {
    begin(name, kind, attributes, caller) {
      const parent =
        caller?.as === 'parent' ? trace.setSpanContext(ROOT_CONTEXT, contextOf(caller.traceparent)) : ROOT_CONTEXT;
      const links = caller?.as === 'link' ? [{ context: contextOf(caller.traceparent) }] : [];
      return wrap(tracer.startSpan(name, { kind: SpanKind[kind], attributes, links }, parent));
    },
    async [Symbol.asyncDispose]() {
      // A collector that is away does not keep the process from ending.
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, LAST_EXPORT_MS)));
      await Promise.race([provider.shutdown().catch(lost), late]);
      clearTimeout(timer);
    },
  };
}
