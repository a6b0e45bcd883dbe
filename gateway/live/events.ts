import { hash } from 'node:crypto';
import { encodeId } from '#kit/records.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Checkpoint, CursorExpired } from '../desk/resolvers.generated.ts';
import type { Change, Topic } from './log.ts';
import type { Telling } from './tell.ts';

// Events as the desk's resolvers are given them; gateway/desk/changes.ts says what each field is.

/** A change as it is told. */
export interface ToldEvent extends Telling {
  readonly __typename: 'NameListChange' | 'EvaluationChange';
  /** Where its reader stands then. */
  readonly cursor: () => string;
}

export type DeskEvent = ToldEvent | (Checkpoint & { readonly __typename: 'Checkpoint' }) | (CursorExpired & { readonly __typename: 'CursorExpired' });

const eventType: Record<Topic, ToldEvent['__typename']> = { NAME_LIST: 'NameListChange', EVALUATION: 'EvaluationChange' };
const recordType: Record<Topic, string> = { NAME_LIST: 'NameListEntry', EVALUATION: 'Evaluation' };

/** @param cursor made once, however often it is asked for */
export function eventOf(telling: Telling, cursor: () => string): ToldEvent {
  let made: string | undefined;
  return { ...telling, __typename: eventType[telling.change.topic], cursor: () => (made ??= cursor()) };
}

/** Stable: the same change has the same id through every door, on every instance. */
export const eventId = ({ change, kind }: Telling): string => hash('sha256', [change.topic, change.record_id, change.version, change.kind, kind, change.watchlist ?? ''].join(' '), 'base64url').slice(0, 22);

export const recordIdOfChange = ({ topic, uscc, record_id }: Change): string => encodeId(recordType[topic], uscc, record_id);

/** The record as this change left it: at its own instant, on its day, or on the first day of what it states. */
export const recordAsOf = (change: Change) => {
  const day = shanghaiDay(new Date(change.recorded_at));
  const { validFrom } = change.basis ?? {};
  return { id: recordIdOfChange(change), validAt: validFrom && validFrom > day ? validFrom : day, knownAt: change.recorded_at };
};
