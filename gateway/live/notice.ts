import { createHash } from 'node:crypto';
import type { EvaluationChangeFilter, NameListChangeFilter } from '../desk/resolvers.generated.ts';
import { type ChangeFilter, readFilter } from './filter.ts';
import type { Topic } from './log.ts';
import type { Place } from './place.ts';
import { signatureOf } from './webhookSecrets.ts';

// What the receiver of a webhook is told (docs/PROTOCOL.md): that there is something to read after a cursor, and nothing of what it is.

export interface Notice {
  /** The header `webhook-id`: the same for every attempt, by which a receiver knows a repetition. */
  readonly id: string;
  /** What is sent and signed, byte for byte. */
  readonly body: string;
}

/** The field that a page is read from. */
const types: Readonly<Record<Topic, string>> = { NAME_LIST: 'nameListChanges', EVALUATION: 'evaluationChanges' };

/** @param at when the notice was made, not this attempt: by which it differs from one of the same place before the log was restored */
export function noticeOf(webhook: string, topic: Topic, cursor: string, at: string): Notice {
  return { id: noticeIdOf(webhook, cursor, at), body: JSON.stringify({ type: types[topic], webhook, cursor, at }) };
}

/** Out of what it says: an attempt on another gateway, which knows nothing of the first, has the same. A UUID of version 8. */
export function noticeIdOf(webhook: string, cursor: string, at: string): string {
  const digits = createHash('sha256').update(JSON.stringify([webhook, cursor, at])).digest('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** @param secrets the present one, and the former one while it lives */
export function headersOf({ id, body }: Notice, secrets: readonly string[], now: Date): Record<string, string> {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  return {
    'content-type': 'application/json',
    'user-agent': 'credit-graph',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': secrets.map((secret) => signatureOf(secret, id, timestamp, body)).join(' '),
  };
}

// --- as a webhook's row has them ----------------------------------------------------------------------------------

/** As it was asked for, so that it is read as a page's filter is, also by a later version of this program. */
export const filterIn = (topic: string, filter: unknown): ChangeFilter => readFilter(topic as Topic, filter as NameListChangeFilter | EvaluationChangeFilter); // written by gateway/desk/webhooks.ts alone

/** Begins with the number, which SQL compares with the end of the log. */
export const positionOf = ({ seq, since, until }: Place): string => `${seq} ${since ?? '-'} ${until}`;

export function placeIn(position: string): Place {
  const [seq = '', since = '', until = ''] = position.split(' ');
  return { seq: BigInt(seq), since: since === '-' ? null : BigInt(since), until: BigInt(until) };
}
