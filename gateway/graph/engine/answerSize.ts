import type { Bag } from './names.ts';

/** The size of an answer, while it is built. */
export interface AnswerMeter {
  /** Characters of JSON so far, never more than its bytes. */
  used: number;
  /** Bytes read from remote subgraphs for it. */
  read: number;
  /** Bytes that the answer may have. */
  readonly maxBytes: number;
}

/** The answer is larger than allowed: the part that was built is dropped. */
export class AnswerTooLarge extends Error {
  override name = 'AnswerTooLarge';
  readonly maxBytes: number;
  constructor({ maxBytes }: AnswerMeter) {
    super(`an answer of more than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** A meter of an answer that may have so many bytes; left out: any number. */
export const createMeter = (maxBytes = Number.POSITIVE_INFINITY): AnswerMeter => ({ used: 0, read: 0, maxBytes });

/**
 * The allowance for data from sources: keys and objects that several places of an answer share are sent once, so it is
 * rarely more than the answer.
 */
const READ_FOR_ONE = 2;

/** @throws AnswerTooLarge */
export function addRead(meter: AnswerMeter, bytes: number): void {
  meter.read += bytes;
  if (meter.read > READ_FOR_ONE * meter.maxBytes) throw new AnswerTooLarge(meter);
}

/** @throws AnswerTooLarge */
export function addUsed(meter: AnswerMeter, characters: number): void {
  meter.used += characters;
  if (meter.used > meter.maxBytes) throw new AnswerTooLarge(meter);
}

/** A key with its quotes and colon. */
export const keyLength = (key: string): number => key.length + 3;
/** The length of a leaf; `null`, `true` and numbers count as the shortest number. */
export const leafLength = (value: unknown): number => (typeof value === 'string' ? value.length + 2 : 1);

/**
 * The maximum of bytes for each counted character: `\u0001` counts as one, and a number or `null` with its key has more
 * than its count.
 */
const MAX_BYTES = 6;

/** The exact check, only of answers that may be too large. @throws AnswerTooLarge */
export function checkBytes(meter: AnswerMeter, data: Bag | null): void {
  if (meter.used * MAX_BYTES > meter.maxBytes && Buffer.byteLength(JSON.stringify(data)) > meter.maxBytes)
    throw new AnswerTooLarge(meter);
}
