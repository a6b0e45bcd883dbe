import type { CursorSealer } from '#kit/cursor.ts';
import type { Log } from '#kit/log.ts';
import type { ChangeLog } from '#gateway/feed/log.ts';
import type { Graph } from '#gateway/graph/graph.ts';
import type { LogHead } from './position.ts';
import type { Registry } from './registry.ts';
import type { LiveMetrics } from './subscriber.ts';
import type { Topics } from './topics.ts';

/** What the streams of one gateway work with. */
export interface StreamContext {
  readonly log: ChangeLog;
  readonly topics: Topics;
  readonly graph: Graph;
  readonly cursors: CursorSealer;
  readonly logger: Log;
  readonly now: () => Date;
  readonly metrics: LiveMetrics | undefined;
  readonly registry: Registry;
  /** How far the log was read; the dispatcher alone writes it. */
  readonly head: LogHead;
  /** Aborted when the gateway closes. */
  readonly closing: AbortSignal;
}
