import type { Clock } from './clock.ts';
import { documentOf, type Topic } from './documents.ts';
import { type AnswerError, failureOf, isUnanswered, Passing } from './failure.ts';
import { type ChangeOptions, type Head, type Delivered, withinChange } from './follow.ts';
import { createGateway } from './gateway.ts';
import type { Answer } from './messages.ts';
import { createRetries } from './retries.ts';

export interface ChangesPage<Change> {
  /** Oldest first. May be empty. */
  readonly changes: readonly Delivered<Change>[];
  /** The position after the page. Keep it once the whole page is handled. */
  readonly cursor: string;
  readonly hasMore: boolean;
}

export interface PageOptions<Filter> extends ChangeOptions<Filter> {
  /** The maximum number of changes on a page, 1 to 1 000. Default 500. */
  readonly pageSize?: number | undefined;
}

interface AnsweredPage<Change> {
  readonly events: readonly Change[] | null;
  readonly endCursor: string | null;
  readonly hasMore: boolean | null;
}

/**
 * Reads a topic page by page from `from` on, and ends after the last page or when `signal` is aborted. A page that
 * could not be read, or that lacks a record, is requested again.
 * @throws ChangesError when trying again would not help, or (UNAVAILABLE) after `attempts` failures in a row
 */
export async function* readPages<Change extends Head, Filter>(
  topic: Topic,
  options: PageOptions<Filter>,
  clock: Clock,
): AsyncGenerator<ChangesPage<Change>, void, undefined> {
  const { signal, filter, fields, pageSize = 500 } = options;
  const gateway = createGateway(options, clock);
  const retries = createRetries(options, clock);
  const query = documentOf(topic, 'page', fields);
  let position = options.from ?? null;

  for (;;) {
    if (signal?.aborted) return;
    let page: ChangesPage<Change>;
    try {
      page = pageIn(
        await gateway.ask({ query, variables: { filter: filter ?? {}, after: position, first: pageSize } }),
      );
      retries.succeeded();
    } catch (error) {
      if (signal?.aborted && error instanceof Passing) return;
      await retries.after(error);
      continue;
    }
    yield page;
    if (!page.hasMore) return;
    position = page.cursor;
  }
}

function pageIn<Change extends Head>({ data, errors = [] }: Answer): ChangesPage<Change> {
  const page = data?.changes as AnsweredPage<Change> | null | undefined;
  if (!page?.events || page.endCursor === null || page.hasMore === null) throw failureOf(errors);
  const lost = errors.find((error) => isUnanswered(error, OF_CHANGE));
  if (lost) throw new Passing(lost.message);
  return {
    changes: page.events.map((change, index) => ({ change, cursor: change.cursor, errors: errorsOf(errors, index) })),
    cursor: page.endCursor,
    hasMore: page.hasMore,
  };
}

// Paths are [changes, events, 3, entry, …]. With `@` in place of the number an error concerns every change of the page.
const OF_CHANGE = 3;

const errorsOf = (errors: readonly AnswerError[], index: number): AnswerError[] =>
  errors
    .filter(({ path }) => path === undefined || path.length < OF_CHANGE || path[2] === '@' || path[2] === index)
    .map((error) => withinChange(error, OF_CHANGE));
