import { createRuns, type RunMetrics } from '#kit/telemetry/runs.ts';
import { type LeasedWebhook, takeLeases } from './leases.ts';
import { serve, type ServingParts, type WebhookMetrics } from './serving.ts';
import { standardTimings, type WebhookTimings } from './timings.ts';

// Notifies the receivers of webhooks of new changes (docs/PROTOCOL.md P19, P20). Every gateway takes part: it leases
// webhooks that are due for a while (leases.ts), and serves several at once (serving.ts).

/**
 * Concurrent exchanges, of all and of one organisation: one with a hundred receivers that hang leaves room for the
 * others.
 */
const MAX_CONCURRENT = 32;
const MAX_PER_ORGANISATION = 4;

export interface WebhookWorkerOptions extends Omit<ServingParts, 'metrics' | 'timings' | 'closing'> {
  readonly metrics?: WebhookMetrics;
  readonly runs?: RunMetrics;
  readonly timings?: Partial<WebhookTimings>;
}

export interface WebhookWorker extends AsyncDisposable {
  /** There may be something to announce: looks at once. */
  wake(): void;
}

export function createWebhookWorker(options: WebhookWorkerOptions): WebhookWorker {
  const timings = { ...standardTimings, ...options.timings };
  const closing = new AbortController();
  const parts: ServingParts = { ...options, metrics: options.metrics, timings, closing: closing.signal };
  const { pool, log, logger } = parts;
  const underWay = new Map<Promise<void>, LeasedWebhook>();

  const isFull = (): boolean => underWay.size >= MAX_CONCURRENT;
  const look = async (): Promise<void> => {
    if (isFull()) return; // each one that ends looks again
    const bounds = await log.bounds();
    const leased = await takeLeases(pool, {
      head: bounds.head,
      busy: countsByOrganisation(underWay.values()),
      maxPerOrganisation: MAX_PER_ORGANISATION,
      limit: MAX_CONCURRENT - underWay.size,
      leaseMs: timings.leaseMs,
    });
    for (const webhook of leased) {
      const serving = serve(parts, webhook, bounds)
        .catch((error: unknown) =>
          logger.warn(
            { err: error, webhook: webhook.id },
            'a webhook could not be served; it is tried again when its lease is over',
          ),
        )
        .finally(() => {
          underWay.delete(serving);
          wake();
        });
      underWay.set(serving, webhook);
    }
    if (leased.length > 0) isWanted = true; // there may be more
  };

  let looking: Promise<void> | null = null;
  let isWanted = false;
  const runs = createRuns({
    work: 'webhooks',
    schema: 'gateway',
    log: logger,
    metrics: options.runs,
    began: 'webhooks cannot be looked for; it is tried again each second',
    over: 'webhooks are looked for again',
  });
  let again: NodeJS.Timeout | undefined;
  const wake = (): void => {
    if (closing.signal.aborted) return;
    isWanted = true;
    if (looking || again) return;
    isWanted = false;
    looking = look()
      .then(
        () => runs.succeeded(),
        (error: unknown) => runs.failed(error),
      )
      .finally(() => {
        looking = null;
        // A busy log wakes many times a second.
        again = setTimeout(() => {
          again = undefined;
          if (isWanted) wake();
        }, timings.againMs).unref();
      });
  };
  const poll = setInterval(wake, timings.pollMs).unref();
  return {
    wake,
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      closing.abort();
      await looking;
      clearTimeout(again);
      await Promise.all(underWay.keys());
    },
  };
}

const countsByOrganisation = (webhooks: Iterable<LeasedWebhook>): ReadonlyMap<string, number> =>
  new Map([...Map.groupBy(webhooks, ({ organisation }) => organisation)].map(([name, those]) => [name, those.length]));
