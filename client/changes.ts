import { type Clock, systemClock } from './clock.ts';
import type { EvaluationChangeFilter, EvaluationStreamSubscription, NameListChangeFilter, NameListStreamSubscription } from './documents.generated.ts';
import { follow, type FollowOptions, type Head, type Told } from './follow.ts';
import { type ChangesPage, type PageOptions, readPages } from './pages.ts';

// A client for changes of name lists and evaluations (docs/PROTOCOL.md); client/README.md shows how it is used.

/** A change of an entry on a name list, with what is asked of it when nothing else is said. */
export type NameListChange = Extract<NameListStreamSubscription['changes'], { readonly __typename: 'NameListChange' }>;
/** A change of a result of an evaluation, likewise. */
export type EvaluationChange = Extract<EvaluationStreamSubscription['changes'], { readonly __typename: 'EvaluationChange' }>;

/**
 * Changes of name lists as they come, for as long as it is listened to: it reconnects by itself, with the place after the last change that
 * was handled. A change is handled when the loop's body is through with it; one whose body threw or left the loop is told again next time.
 * `signal` ends the loop.
 * @throws ChangesError when trying again would not help, CursorExpiredError among them
 */
export const followNameLists = <Change extends Head = NameListChange>(options: FollowOptions<NameListChangeFilter>, clock: Clock = systemClock): AsyncGenerator<Told<Change>, void, undefined> =>
  follow('NAME_LIST', options, clock);

/** Changes of evaluations as they come; see `followNameLists`. */
export const followEvaluations = <Change extends Head = EvaluationChange>(options: FollowOptions<EvaluationChangeFilter>, clock: Clock = systemClock): AsyncGenerator<Told<Change>, void, undefined> =>
  follow('EVALUATION', options, clock);

/**
 * Changes of name lists that have come already, page by page up to the last one, for what runs and ends.
 * @throws ChangesError when trying again would not help, CursorExpiredError among them
 */
export const readNameListChanges = <Change extends Head = NameListChange>(options: PageOptions<NameListChangeFilter>, clock: Clock = systemClock): AsyncGenerator<ChangesPage<Change>, void, undefined> =>
  readPages('NAME_LIST', options, clock);

/** Changes of evaluations that have come already; see `readNameListChanges`. */
export const readEvaluationChanges = <Change extends Head = EvaluationChange>(options: PageOptions<EvaluationChangeFilter>, clock: Clock = systemClock): AsyncGenerator<ChangesPage<Change>, void, undefined> =>
  readPages('EVALUATION', options, clock);
