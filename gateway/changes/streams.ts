import { setMaxListeners } from 'node:events';
import type { GraphQLError } from 'graphql';
import type { CursorSealer } from '#kit/cursor.ts';
import { clientError } from '#kit/errors.ts';
import type { Log } from '#kit/log.ts';
import { createRuns, type RunMetrics } from '#kit/telemetry/runs.ts';
import type { Bounds, ChangeLog } from '#gateway/feed/log.ts';
import type { Wake } from '#gateway/feed/wakeUps.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import { catchUp, runAlone } from './catchUp.ts';
import { CHECKPOINT_MS, type Checkpoints, createCheckpoints } from './checkpoints.ts';
import type { StreamContext } from './context.ts';
import { createDispatcher } from './dispatcher.ts';
import { atHead, cursorScope, type LogHead, openPosition } from './position.ts';
import { createRegistry } from './registry.ts';
import { type CheckedRequest, checkRequest, type RequestParts } from './request.ts';
import { eventQueryOf } from './selection.ts';
import type { Live, LiveMetrics, Sink, Stream, StreamRequest } from './subscriber.ts';

// The streams of one gateway (docs/PROTOCOL.md). The log is read once for all streams at its head (dispatcher.ts); a
// change is matched once for all streams with the same filter and rights, and rendered once for all of those with the
// same selection (registry.ts, renderQueue.ts). A stream that resumes further back reads the log by itself, at its own
// speed, until it is at the head too (catchUp.ts).

export interface LiveOptions extends RequestParts {
  readonly log: ChangeLog;
  readonly wake: Pick<Wake, 'listen'>;
  readonly graph: Graph;
  readonly cursors: CursorSealer;
  readonly logger: Log;
  readonly now: () => Date;
  readonly metrics?: LiveMetrics;
  readonly runs?: RunMetrics;
}

interface SubscribeParts extends RequestParts {
  readonly context: StreamContext;
  readonly checkpoints: Checkpoints;
}

/** Starts to follow the log at its head. */
export async function createLive(options: LiveOptions): Promise<Live & { readonly streams: () => number }> {
  const { log, wake, graph, topics, cursors, ownsWatchlist, logger, now, metrics } = options;
  const closing = new AbortController();
  setMaxListeners(0, closing.signal); // each waiting stream adds a listener
  const head: LogHead = { tail: (await log.bounds()).head, unreadableSince: null };
  const shared = { graph, topics, cursors, logger, now, metrics, head, closing: closing.signal };
  const context: StreamContext = { ...shared, log, registry: createRegistry(shared) };
  const runs = createRuns({
    work: 'changes',
    schema: 'gateway',
    log: logger,
    metrics: options.runs,
    began: 'the log of changes cannot be read; streams wait',
    over: 'the log of changes is read again; streams go on',
  });
  const dispatcher = createDispatcher(context, runs);
  wake.listen(dispatcher.wake);
  const checkpoints = createCheckpoints(context);
  const { subscribers, end } = context.registry;

  return {
    streams: () => subscribers.size,
    subscribe: (request, sink) => subscribe({ context, checkpoints, graph, topics, ownsWatchlist }, request, sink),
    async [Symbol.asyncDispose]() {
      for (const subscriber of subscribers) end(subscriber, 'GOING_AWAY');
      closing.abort();
      await Promise.all([dispatcher[Symbol.asyncDispose](), checkpoints[Symbol.asyncDispose]()]);
    },
  };
}

async function subscribe(
  parts: SubscribeParts,
  request: StreamRequest,
  sink: Sink,
): Promise<Stream | { readonly errors: readonly GraphQLError[] }> {
  const query = eventQueryOf(request.document, request.operation, request.operationName);
  if (!query)
    return { errors: [clientError('BAD_USER_INPUT', 'A subscription asks for a field.', { reason: 'SUBSCRIPTION' })] };
  try {
    const checked = await checkRequest(parts, request, query);
    if ('errors' in checked) return checked;
    const bounds = await parts.context.log.bounds();
    return begin(parts, request, sink, checked, bounds);
  } catch (error) {
    if (error instanceof Error && 'extensions' in error) return { errors: [error as GraphQLError] };
    throw error;
  }
}

/** Begins a checked stream: after its cursor, or at the head of the log with a checkpoint. @throws BAD_CURSOR */
function begin(
  { context, checkpoints }: SubscribeParts,
  request: StreamRequest,
  sink: Sink,
  { audience, filter, after }: CheckedRequest,
  { head }: Bounds,
): Stream | { readonly errors: readonly GraphQLError[] } {
  const { registry, cursors, metrics, closing } = context;
  const position = after === null ? atHead(head) : openPosition(cursors, cursorScope(audience.viewer, filter), after);
  if (closing.aborted)
    return {
      errors: [clientError('SUBGRAPH_UNAVAILABLE', 'The gateway is going away: come back.', { retryable: true })],
    };
  const checkpointAt = performance.now() + CHECKPOINT_MS;
  const subscriber = registry.join({ request, sink, audience, filter, position, checkpointAt });
  void runAlone(context, subscriber, async () => {
    if (after === null) checkpoints.send([subscriber]);
    await catchUp(context, subscriber);
  });
  return { stop: () => void (registry.leave(subscriber) && metrics?.ended('COMPLETED', subscriber.transport)) };
}
