import { createHash } from 'node:crypto';
import type { Topic } from '#records/topic.ts';
import type { StreamPosition } from '#gateway/changes/position.ts';
import { signatureOf } from './secrets.ts';

// The message to the receiver of a webhook (docs/PROTOCOL.md): that there is something to read after a cursor, and
// nothing of its content.

export interface Notice {
  /** The header `webhook-id`: the same for every attempt, by which a receiver recognises a repetition. */
  readonly id: string;
  /** The bytes that are sent and signed. */
  readonly body: string;
}

/**
 * @param topic its field is the page to read
 * @param at when the notice was made, not this attempt: it distinguishes the notice from one of the same position
 * before the log was restored
 */
export function noticeOf(webhook: string, { field }: Pick<Topic, 'field'>, cursor: string, at: string): Notice {
  return { id: noticeIdOf(webhook, cursor, at), body: JSON.stringify({ type: field, webhook, cursor, at }) };
}

/**
 * Derived from the notice: an attempt on another gateway, which knows nothing of the first, has the same id. A UUID of
 * version 8.
 */
export function noticeIdOf(webhook: string, cursor: string, at: string): string {
  const digits = createHash('sha256')
    .update(JSON.stringify([webhook, cursor, at]))
    .digest('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join('-');
}

/** @param secrets the present one, and the former one while it is valid */
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

// --- columns of a webhook's row -----------------------------------------------------------------------------------

/** Begins with the number, which SQL compares with the head of the log. */
export const storedPosition = ({ seq, since, until }: StreamPosition): string => `${seq} ${since ?? '-'} ${until}`;

export function parsePosition(position: string): StreamPosition {
  const [seq = '', since = '', until = ''] = position.split(' ');
  return { seq: BigInt(seq), since: since === '-' ? null : BigInt(since), until: BigInt(until) };
}
