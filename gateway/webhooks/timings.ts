export interface WebhookTimings {
  /** How often due webhooks are looked for without a wake-up; and the shortest pause after one. */
  readonly pollMs: number;
  readonly againMs: number;
  /** Longer than reading, an exchange and writing take: a gateway that was stopped in between counts as gone. */
  readonly leaseMs: number;
  /** For a whole exchange: name, connection, TLS, request, response. */
  readonly exchangeMs: number;
  /** The minimum between two notices: changes that come meanwhile are one notice. */
  readonly coalesceMs: number;
  /**
   * After the first, second, … failure; then always the last. A fifth more or less, so that webhooks that failed
   * together do not retry together.
   */
  readonly retriesMs: readonly number[];
  /** After failing for so long, a webhook is paused. */
  readonly giveUpMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

// Our own numbers, not rules: soon for a restart of the receiver, seldom for a night and a weekend.
export const standardTimings: WebhookTimings = {
  pollMs: SECOND,
  againMs: 100,
  leaseMs: 30 * SECOND,
  exchangeMs: 10 * SECOND,
  coalesceMs: SECOND,
  retriesMs: [5 * SECOND, 30 * SECOND, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR],
  giveUpMs: 72 * HOUR,
};
