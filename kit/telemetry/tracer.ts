import type { Log } from '#kit/log.ts';
import type { Tracer } from './scope.ts';

export interface TracingOptions {
  /** The URL of a collector that takes OTLP over HTTP; null: nothing is traced, and no code for it is loaded. */
  readonly endpoint: string | null;
  /**
   * The share of the traces begun here that is kept: 0 to 1. A trace that another process began is kept where that
   * process keeps it.
   */
  readonly ratio: number;
}

/**
 * Creates the tracer of a process; null without an endpoint.
 * @param service the name in the spans: `credit-graph gateway`
 */
export async function createTracer(
  { endpoint, ratio }: TracingOptions,
  service: string,
  log: Log,
): Promise<Tracer | null> {
  if (endpoint === null) return null;
  const { createOtlpTracer } = await import('./otlp.ts');
  return createOtlpTracer(endpoint, ratio, service, log);
}
