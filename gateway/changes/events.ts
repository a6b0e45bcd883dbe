import { hash } from 'node:crypto';
import { encodeId } from '#records/record.ts';
import { shanghaiDay } from '#standards/dates.ts';
import type { Checkpoint, CursorExpired } from './resolvers.generated.ts';
import type { Delivery } from './delivery.ts';
import type { Topics } from './topics.ts';

// Events as the resolvers receive them; gateway/changes/resolvers.ts maps them to fields.

/** A change as it is delivered. */
export interface DeliveryEvent extends Delivery {
  /** The type of a change of its topic. */
  readonly __typename: string;
  /** The type of its record, which the record's id contains. */
  readonly recordType: string;
  /** The reader's position after it. */
  readonly cursor: () => string;
}

export type StreamEvent =
  | DeliveryEvent
  | (Checkpoint & { readonly __typename: 'Checkpoint' })
  | (CursorExpired & { readonly __typename: 'CursorExpired' });

/** @param cursor called once, however often the cursor is read */
export function eventOf(topics: Topics, delivery: Delivery, cursor: () => string): DeliveryEvent {
  const { changeType, recordType } = topics.named(delivery.change.topic);
  let made: string | undefined;
  return { ...delivery, __typename: changeType, recordType, cursor: () => (made ??= cursor()) };
}

/** Stable: the same change has the same id over every transport, on every instance. */
export const eventId = ({ change, kind }: Delivery): string =>
  hash(
    'sha256',
    [change.topic, change.record_id, change.version, change.kind, kind, change.watchlist ?? ''].join(' '),
    'base64url',
  ).slice(0, 22);

export const recordIdOfChange = ({
  recordType,
  change: { uscc, record_id },
}: Pick<DeliveryEvent, 'recordType' | 'change'>): string => encodeId(recordType, uscc, record_id);

/** The record as this change left it: at its instant, on its day, or on the first day for which it is valid. */
export const recordAsOf = ({ recordType, change }: Pick<DeliveryEvent, 'recordType' | 'change'>) => {
  const day = shanghaiDay(new Date(change.recorded_at));
  const { validFrom } = change.basis ?? {};
  return {
    id: recordIdOfChange({ recordType, change }),
    validAt: validFrom && validFrom > day ? validFrom : day,
    knownAt: change.recorded_at,
  };
};
