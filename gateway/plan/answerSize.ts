import type { Bag } from './names.ts';

/** How large an answer is, while it is made. */
export interface AnswerMeter {
  /** Characters of JSON so far, never more than it has bytes. */
  used: number;
  /** Bytes read from remote subgraphs for it. */
  read: number;
  /** Bytes that the answer may have. */
  readonly most: number;
}

/** There is more of an answer than one may have: what was made of it is let go. */
export class AnswerTooLarge extends Error {
  override name = 'AnswerTooLarge';
  readonly most: number;
  constructor({ most }: AnswerMeter) {
    super(`an answer of more than ${most} bytes`);
    this.most = most;
  }
}

export const createMeter = (most = Number.POSITIVE_INFINITY): AnswerMeter => ({ used: 0, read: 0, most });

/** Of what sources send: keys and objects that several places of an answer share are sent once, so it is rarely more than the answer. */
const READ_FOR_ONE = 2;

/** @throws AnswerTooLarge */
export function addRead(meter: AnswerMeter, bytes: number): void {
  meter.read += bytes;
  if (meter.read > READ_FOR_ONE * meter.most) throw new AnswerTooLarge(meter);
}

/** @throws AnswerTooLarge */
export function addUsed(meter: AnswerMeter, characters: number): void {
  meter.used += characters;
  if (meter.used > meter.most) throw new AnswerTooLarge(meter);
}

/** A key with its quotes and colon. */
export const keyLength = (key: string): number => key.length + 3;
/** Of a leaf; `null`, `true` and numbers count as the shortest number. */
export const leafLength = (value: unknown): number => (typeof value === 'string' ? value.length + 2 : 1);

/** What counts as one character has at most so many bytes: `\u0001` stands for one, and a number or `null` with its key for more. */
const MOST_BYTES = 6;

/** The exact check, of answers alone that may be too large. @throws AnswerTooLarge */
export function checkBytes(meter: AnswerMeter, data: Bag | null): void {
  if (meter.used * MOST_BYTES > meter.most && Buffer.byteLength(JSON.stringify(data)) > meter.most) throw new AnswerTooLarge(meter);
}
