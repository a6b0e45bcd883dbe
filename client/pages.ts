import type { Clock } from './clock.ts';
import { documentOf, type Topic } from './documents.ts';
import { type AnswerError, failureOf, isUnanswered, Passing } from './failure.ts';
import { type ChangeOptions, type Head, type Told, withinChange } from './follow.ts';
import { type Answer, createGateway } from './gateway.ts';
import { createRetries } from './retries.ts';

export interface ChangesPage<Change> {
  /** Oldest first; may be none. */
  readonly changes: readonly Told<Change>[];
  /** The place after the page: keep it when all of the page is handled. */
  readonly cursor: string;
  readonly hasMore: boolean;
}

export interface PageOptions<Filter> extends ChangeOptions<Filter> {
  /** Changes on a page at most, 1 to 1 000. Default 500. */
  readonly pageSize?: number | undefined;
}

interface AnsweredPage<Change> {
  readonly events: readonly Change[] | null;
  readonly endCursor: string | null;
  readonly hasMore: boolean | null;
}

export async function* readPages<Change extends Head, Filter>(topic: Topic, options: PageOptions<Filter>, clock: Clock): AsyncGenerator<ChangesPage<Change>, void, undefined> {
  const { signal, filter, fields, pageSize = 500 } = options;
  const gateway = createGateway(options, clock);
  const retries = createRetries(options, clock);
  const query = documentOf(topic, 'page', fields);
  let place = options.from ?? null;

  for (;;) {
    if (signal?.aborted) return;
    let page: ChangesPage<Change>;
    try {
      page = pageIn(await gateway.ask({ query, variables: { filter: filter ?? {}, after: place, first: pageSize } }));
      retries.succeeded();
    } catch (error) {
      if (signal?.aborted && error instanceof Passing) return;
      await retries.after(error);
      continue;
    }
    yield page;
    if (!page.hasMore) return;
    place = page.cursor;
  }
}

function pageIn<Change extends Head>({ data, errors = [] }: Answer): ChangesPage<Change> {
  const page = data?.changes as AnsweredPage<Change> | null | undefined;
  if (!page?.events || page.endCursor === null || page.hasMore === null) throw failureOf(errors);
  const lost = errors.find((error) => isUnanswered(error, OF_CHANGE));
  if (lost) throw new Passing(lost.message);
  return { changes: page.events.map((change, index) => ({ change, cursor: change.cursor, errors: errorsOf(errors, index) })), cursor: page.endCursor, hasMore: page.hasMore };
}

// Paths are [changes, events, 3, entry, …]; `@` in place of the number is every change of the page.
const OF_CHANGE = 3;

const errorsOf = (errors: readonly AnswerError[], index: number): AnswerError[] =>
  errors.filter(({ path }) => path === undefined || path.length < OF_CHANGE || path[2] === '@' || path[2] === index).map((error) => withinChange(error, OF_CHANGE));
