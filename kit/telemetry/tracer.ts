import type { Log } from '../log.ts';
import type { Tracer } from './scope.ts';

export interface TracingOptions {
  /** Of a collector that takes OTLP over HTTP; null: nothing is traced, and no code for it is loaded. */
  readonly endpoint: string | null;
  /** Of the traces that begin here, how many are kept: 0 to 1. A trace that another process began is kept where that process keeps it. */
  readonly ratio: number;
}

/** @param service what the spans are of: `credit-graph gateway` */
export async function createTracer({ endpoint, ratio }: TracingOptions, service: string, log: Log): Promise<Tracer | null> {
  if (endpoint === null) return null;
  const { createOtlpTracer } = await import('./otlp.ts');
  return createOtlpTracer(endpoint, ratio, service, log);
}
