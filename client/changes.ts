import { type Clock, systemClock } from './clock.ts';
import type {
  EvaluationChangeFilter,
  EvaluationStreamSubscription,
  NameListChangeFilter,
  NameListStreamSubscription,
} from './documents.generated.ts';
import { follow, type FollowOptions, type Head, type Delivered } from './follow.ts';
import { type ChangesPage, type PageOptions, readPages } from './pages.ts';

// A client for changes of name lists and evaluations (docs/PROTOCOL.md). client/README.md shows how it is used.

/** A change of an entry on a name list, with the fields that are selected by default. */
export type NameListChange = Extract<NameListStreamSubscription['changes'], { readonly __typename: 'NameListChange' }>;
/** A change of a result of an evaluation, with the fields that are selected by default. */
export type EvaluationChange = Extract<
  EvaluationStreamSubscription['changes'],
  { readonly __typename: 'EvaluationChange' }
>;

/**
 * Follows changes of name lists as they are published, until the loop is left or `signal` is aborted. After a lost
 * connection it reconnects by itself and resumes after the last change that was handled. A change is handled when the
 * loop's body has finished with it. A change whose body threw or left the loop is delivered again the next time.
 * @throws ChangesError when trying again would not help; CursorExpiredError is one of these errors; whatever
 * `onCheckpoint` throws
 */
export const followNameLists = <Change extends Head = NameListChange>(
  options: FollowOptions<NameListChangeFilter>,
  clock: Clock = systemClock,
): AsyncGenerator<Delivered<Change>, void, undefined> => follow('NAME_LIST', options, clock);

/**
 * Follows changes of evaluations, in the same way as `followNameLists`.
 * @throws ChangesError when trying again would not help; CursorExpiredError is one of these errors; whatever
 * `onCheckpoint` throws
 */
export const followEvaluations = <Change extends Head = EvaluationChange>(
  options: FollowOptions<EvaluationChangeFilter>,
  clock: Clock = systemClock,
): AsyncGenerator<Delivered<Change>, void, undefined> => follow('EVALUATION', options, clock);

/**
 * Reads the changes of name lists that are already in the stream, page by page, and ends after the last page. It is
 * meant for jobs that run and end.
 * @throws ChangesError when trying again would not help; CursorExpiredError is one of these errors
 */
export const readNameListChanges = <Change extends Head = NameListChange>(
  options: PageOptions<NameListChangeFilter>,
  clock: Clock = systemClock,
): AsyncGenerator<ChangesPage<Change>, void, undefined> => readPages('NAME_LIST', options, clock);

/**
 * Reads changes of evaluations, in the same way as `readNameListChanges`.
 * @throws ChangesError when trying again would not help; CursorExpiredError is one of these errors
 */
export const readEvaluationChanges = <Change extends Head = EvaluationChange>(
  options: PageOptions<EvaluationChangeFilter>,
  clock: Clock = systemClock,
): AsyncGenerator<ChangesPage<Change>, void, undefined> => readPages('EVALUATION', options, clock);
