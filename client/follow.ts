import type { Clock } from './clock.ts';
import { documentOf, type Topic } from './documents.ts';
import { type AnswerError, CursorExpiredError, failureOf, isUnanswered, Passing } from './failure.ts';
import { type Answer, createGateway, type GatewayOptions, type StreamEnd } from './gateway.ts';
import { createRetries, type RetryOptions } from './retries.ts';

/** A change as it was told. */
export interface Told<Change> {
  readonly change: Change;
  /** The place after it: come back with it when the change is safely applied. */
  readonly cursor: string;
  /** Fields of the change that are null since they were not answered: unknown, never clean. Paths begin at the change. */
  readonly errors: readonly AnswerError[];
}

/** What every change has, whatever else is asked of it. */
export interface Head {
  readonly __typename: string;
  readonly id: string;
  readonly cursor: string;
}

export interface ChangeOptions<Filter> extends GatewayOptions, RetryOptions {
  /** Which changes; all when left out. */
  readonly filter?: Filter | undefined;
  /** What to ask of a change, in GraphQL, instead of the usual: `kind recordId entry { category }`. */
  readonly fields?: string | undefined;
  /** A cursor: what comes after it. Without one a stream begins at the end of the log, pages at the oldest that is kept. */
  readonly from?: string | null | undefined;
}

export interface FollowOptions<Filter> extends ChangeOptions<Filter> {
  /**
   * A place up to which everything was handled: keep it and come back with it. Called when the body of the loop is through with a change
   * and asks for the next, and when the gateway says that nothing else has come; then with how far behind the gateway is, in seconds.
   * Following waits until it resolves, and ends with what it throws.
   */
  readonly onCheckpoint?: ((cursor: string, lagSeconds: number | null) => void | Promise<void>) | undefined;
}

interface Checkpoint {
  readonly __typename: 'Checkpoint';
  readonly cursor: string;
  readonly lagSeconds: number;
}

/** Repetitions come only directly after coming back, and never go back further than this. */
const REMEMBERED = 1000;

export async function* follow<Change extends Head, Filter>(topic: Topic, options: FollowOptions<Filter>, clock: Clock): AsyncGenerator<Told<Change>, void, undefined> {
  const { signal, filter, fields, onCheckpoint } = options;
  const gateway = createGateway(options, clock);
  const retries = createRetries(options, clock);
  const query = documentOf(topic, 'stream', fields);
  const handled = createMemory();
  let place = options.from ?? null;

  for (;;) {
    if (signal?.aborted) return;
    try {
      const stream = await gateway.open({ query, variables: { filter: filter ?? {}, after: place } });
      try {
        let repeatable = handled.size();
        for (;;) {
          for (const message of await stream.read()) {
            const told = toldIn<Change>(message);
            retries.succeeded();
            if ('checkpoint' in told) {
              place = told.checkpoint.cursor;
              await onCheckpoint?.(place, told.checkpoint.lagSeconds);
            } else {
              const isRepeated = repeatable > 0 && handled.has(told.change.id);
              repeatable -= 1;
              if (!isRepeated) {
                yield told;
                handled.add(told.change.id);
              }
              place = told.cursor;
              await onCheckpoint?.(place, null);
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

function toldIn<Change extends Head>(message: Answer | StreamEnd): Told<Change> | { readonly checkpoint: Checkpoint } {
  if ('ended' in message) throw new Passing(message.ended);
  const { data, errors = [] } = message;
  const event = data?.changes as Change | Checkpoint | { readonly __typename: 'CursorExpired'; readonly oldest: string; readonly message: string } | null | undefined;
  if (!event) throw failureOf(errors);
  if (event.__typename === 'CursorExpired' && 'oldest' in event) throw new CursorExpiredError(event.message, event.oldest);
  if (event.__typename === 'Checkpoint') return { checkpoint: event as Checkpoint };
  const lost = errors.find((error) => isUnanswered(error, 1));
  if (lost) throw new Passing(lost.message);
  const change = event as Change; // the one other member of the union that this field gives
  return { change, cursor: change.cursor, errors: errors.map((error) => withinChange(error, 1)) };
}

/** An error as the change's own: without the way from the answer to the change. */
export const withinChange = ({ path, ...error }: AnswerError, depth: number): AnswerError => (path ? { ...error, path: path.slice(depth) } : error);

interface Memory {
  add(id: string): void;
  has(id: string): boolean;
  size(): number;
}

/** The last changes that were handled. */
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
