import type { StreamContext } from './context.ts';
import { dropHeld, fallBack, hold } from './catchUp.ts';
import type { Delivery } from './delivery.ts';
import { eventOf, type StreamEvent } from './events.ts';
import { Gone } from './gate.ts';
import { atHead, sealPosition } from './position.ts';
import type { FilterGroup, RenderGroup, RenderJob } from './registry.ts';
import { cursorMark, MAX_RENDERED_AT_ONCE, type RenderedEvent } from './render.ts';
import { isOverfull, send } from './sending.ts';
import type { Topics } from './topics.ts';

// The changes that wait to be rendered for the streams at the head of the log. Each render group renders its jobs in
// order, one at a time. A job whose queue was emptied meanwhile (`leaveToStreams`) delivers nothing more.

/**
 * The maximum of changes that wait for one audience, while they are rendered and while their source does not answer.
 * Each stream reads those beyond this number from the log again.
 */
const MAX_QUEUED = 100_000;
const MAX_QUEUED_WAITING = 5000;

/** Queues the changes of a batch for a render group, and renders them after those before it. */
export function enqueue(context: StreamContext, renderGroup: RenderGroup, job: RenderJob): void {
  if (job.deliveries.length === 0 && renderGroup.queue.length === 0) {
    renderGroup.done = job.upTo;
    return;
  }
  renderGroup.queue.push(job);
  renderGroup.queued += job.deliveries.length;
  if (renderGroup.queued > (renderGroup.renderer.isWaiting() ? MAX_QUEUED_WAITING : MAX_QUEUED))
    leaveToStreams(context, renderGroup);
  else void runJobs(context, renderGroup);
}

/** Leaves what waits for a render group to its streams: each reads on by itself, from the log. */
export function leaveToStreams(context: StreamContext, renderGroup: RenderGroup): void {
  renderGroup.queue.length = 0;
  renderGroup.queued = 0;
  for (const { members } of renderGroup.groups.values()) {
    for (const member of members) {
      if (member.held === null) fallBack(context, member);
      else dropHeld(member);
    }
  }
}

/** Renders and delivers what waits for a render group, in order, until nothing waits. */
async function runJobs(context: StreamContext, renderGroup: RenderGroup): Promise<void> {
  if (renderGroup.isRendering) return;
  renderGroup.isRendering = true;
  try {
    for (let next = renderGroup.queue[0]; next; next = renderGroup.queue[0]) {
      await runJob(context, renderGroup, next);
      if (renderGroup.queue[0] !== next) continue; // it was left to the streams themselves
      renderGroup.queue.shift();
      renderGroup.queued -= next.deliveries.length;
      renderGroup.done = next.upTo;
    }
  } catch (error) {
    if (error instanceof Gone) return;
    context.logger.error({ err: error }, 'events could not be delivered');
    for (const { members } of renderGroup.groups.values())
      for (const member of members) context.registry.end(member, 'FAILED');
  } finally {
    renderGroup.isRendering = false;
  }
}

async function runJob(context: StreamContext, renderGroup: RenderGroup, job: RenderJob): Promise<void> {
  const { deliveries } = job;
  const isLeft = (): boolean => renderGroup.queue[0] !== job;
  const isOver = (): boolean => context.closing.aborted || renderGroup.subscribers === 0 || isLeft();
  for (let from = 0; from < deliveries.length;) {
    const events = distinctEvents(context.topics, deliveries.slice(from));
    let rendered: RenderedEvent[];
    try {
      rendered = await renderGroup.renderer.render([...events.values()], isOver);
    } catch (error) {
      if (error instanceof Gone && isLeft()) return;
      throw error;
    }
    if (isLeft()) return;
    const byKey = new Map(
      [...events.keys()].slice(0, rendered.length).map((key, index) => [key, rendered[index] ?? null]),
    );
    for (; from < deliveries.length; from++) {
      const { group, delivery } = deliveries[from] as RenderJob['deliveries'][number]; // within the list
      const event = byKey.get(renderKey(delivery));
      if (event === undefined) break;
      // Null: the record has gone between the log and its source. The change that removed it is on its way.
      if (event) deliver(context, group, event, delivery.change.seq);
    }
  }
}

/**
 * The first events of the deliveries, at most as many as are rendered at once, by their render key: events that are
 * equal for several groups are rendered once.
 */
function distinctEvents(topics: Topics, deliveries: RenderJob['deliveries']): Map<string, StreamEvent> {
  const events = new Map<string, StreamEvent>();
  for (const { delivery } of deliveries) {
    const key = renderKey(delivery);
    if (events.has(key)) continue;
    if (events.size === MAX_RENDERED_AT_ONCE) break;
    events.set(key, eventOf(topics, delivery, cursorMark));
  }
  return events;
}

/** What decides the rendered text of an event, for one audience. */
const renderKey = ({ change, kind, entered, reason }: Delivery): string =>
  `${change.seq} ${kind} ${entered} ${reason ?? ''}`;

/** Delivers one event to the streams of a group at the head of the log. */
function deliver(context: StreamContext, group: FilterGroup, rendered: readonly string[], seq: bigint): void {
  const position = atHead(seq);
  const cursor = sealPosition(context.cursors, group.scope, position);
  for (const member of group.members) {
    if (seq <= member.joinedAt) continue;
    if (member.held === null) {
      send(context, member, rendered, position, cursor);
      if (isOverfull(member)) fallBack(context, member);
    } else hold(member, rendered, seq);
  }
  context.metrics?.delivered(group.members.size);
}
