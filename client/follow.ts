import type { Clock } from './clock.ts';
import { documentOf, type Topic } from './documents.ts';
import { type AnswerError, CursorExpiredError, failureOf, isUnanswered, Passing } from './failure.ts';
import { createGateway, type GatewayOptions } from './gateway.ts';
import type { Answer, StreamEnd } from './messages.ts';
import { createRetries, type RetryOptions } from './retries.ts';

/** A change as it was delivered. */
export interface Delivered<Change> {
  readonly change: Change;
  /** The position after the change. Resume from it once the change is safely applied. */
  readonly cursor: string;
  /**
   * Errors of fields that are null because they were not answered. Such a field is unknown, never clean. Paths begin at
   * the change.
   */
  readonly errors: readonly AnswerError[];
}

/** The fields that every change has, whatever else is selected. */
export interface Head {
  readonly __typename: string;
  readonly id: string;
  readonly cursor: string;
}

export interface ChangeOptions<Filter> extends GatewayOptions, RetryOptions {
  /** Which changes to deliver. Default: all. */
  readonly filter?: Filter | undefined;
  /** The GraphQL selection on a change that replaces the default one: `kind recordId entry { category }`. */
  readonly fields?: string | undefined;
  /**
   * A cursor, to begin after it. Without one a stream begins at the end of the log, and pages begin at the oldest
   * change that the gateway keeps.
   */
  readonly from?: string | null | undefined;
}

export interface FollowOptions<Filter> extends ChangeOptions<Filter> {
  /**
   * Receives a position up to which everything was handled: keep it and resume from it. It is called when the body of
   * the loop has finished with a change and requests the next one, then with `lagSeconds` null. It is also called at a
   * checkpoint of the gateway, then with the number of seconds that the gateway is behind. Following waits until it
   * resolves, and ends with the error that it throws.
   */
  readonly onCheckpoint?: ((cursor: string, lagSeconds: number | null) => void | Promise<void>) | undefined;
}

interface Checkpoint {
  readonly __typename: 'Checkpoint';
  readonly cursor: string;
  readonly lagSeconds: number;
}

/** Repeated changes come only directly after a reconnection, and there are never more of them than this. */
const REMEMBERED = 1000;

/**
 * Follows a topic: yields each change once, reconnects after a failure that may pass, and resumes after the last change
 * that was handled. It ends without an error when `signal` is aborted.
 * @throws ChangesError when trying again would not help, or (UNAVAILABLE) after `attempts` failures in a row; whatever
 * `onCheckpoint` throws
 */
export async function* follow<Change extends Head, Filter>(
  topic: Topic,
  options: FollowOptions<Filter>,
  clock: Clock,
): AsyncGenerator<Delivered<Change>, void, undefined> {
  const { signal, filter, fields, onCheckpoint } = options;
  const gateway = createGateway(options, clock);
  const retries = createRetries(options, clock);
  const query = documentOf(topic, 'stream', fields);
  const handled = createMemory();
  let position = options.from ?? null;

  for (;;) {
    if (signal?.aborted) return;
    try {
      const stream = await gateway.open({ query, variables: { filter: filter ?? {}, after: position } });
      try {
        let repeatable = handled.size();
        for (;;) {
          for (const message of await stream.read()) {
            const delivered = deliveredIn<Change>(message);
            retries.succeeded();
            if ('checkpoint' in delivered) {
              position = delivered.checkpoint.cursor;
              await onCheckpoint?.(position, delivered.checkpoint.lagSeconds);
            } else {
              const isRepeated = repeatable > 0 && handled.has(delivered.change.id);
              repeatable -= 1;
              if (!isRepeated) {
                yield delivered;
                handled.add(delivered.change.id);
              }
              position = delivered.cursor;
              await onCheckpoint?.(position, null);
            }
            if (signal?.aborted) return;
          }
        }
      } finally {
        stream.close();
      }
    } catch (error) {
      if (signal?.aborted && error instanceof Passing) return;
      await retries.after(error);
    }
  }
}

function deliveredIn<Change extends Head>(
  message: Answer | StreamEnd,
): Delivered<Change> | { readonly checkpoint: Checkpoint } {
  if ('ended' in message) throw new Passing(message.ended);
  const { data, errors = [] } = message;
  const event = data?.changes as
    | Change
    | Checkpoint
    | { readonly __typename: 'CursorExpired'; readonly oldest: string; readonly message: string }
    | null
    | undefined;
  if (!event) throw failureOf(errors);
  if (event.__typename === 'CursorExpired' && 'oldest' in event)
    throw new CursorExpiredError(event.message, event.oldest);
  if (event.__typename === 'Checkpoint') return { checkpoint: event as Checkpoint };
  const lost = errors.find((error) => isUnanswered(error, 1));
  if (lost) throw new Passing(lost.message);
  const change = event as Change; // the one other member of the union that this field returns
  return { change, cursor: change.cursor, errors: errors.map((error) => withinChange(error, 1)) };
}

/** An error of an answer with a path that begins at the change: the first `depth` steps are cut off. */
export const withinChange = ({ path, ...error }: AnswerError, depth: number): AnswerError =>
  path ? { ...error, path: path.slice(depth) } : error;

interface Memory {
  add(id: string): void;
  has(id: string): boolean;
  size(): number;
}

/** The ids of the last changes that were handled. */
function createMemory(): Memory {
  const ids = new Set<string>();
  return {
    add(id) {
      ids.delete(id);
      ids.add(id);
      if (ids.size > REMEMBERED) for (const oldest of ids) return void ids.delete(oldest);
    },
    has: (id) => ids.has(id),
    size: () => ids.size,
  };
}
