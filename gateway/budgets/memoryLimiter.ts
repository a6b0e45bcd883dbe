import { LRUCache } from 'lru-cache';

interface Window {
  consumed: number;
  readonly endsAt: number;
}

/**
 * The memory of one key besides the key itself: the window, and what the cache keeps of it. Measured: a million keys,
 * `node --expose-gc`.
 */
const ENTRY_BYTES = 256;

/**
 * Points by key in this process, bounded in bytes: the limiter of rate-limiter-flexible keeps a timer and an object for
 * each key without a bound. When there are too many keys the least recently used one is dropped; a refusal charges no
 * points.
 */
export class MemoryLimiter {
  readonly #points: number;
  readonly #windowMs: number;
  readonly #clockMs: () => number;
  readonly #windows: LRUCache<string, Window>;

  /** @param maxBytes of all keys together @param clockMs a monotonic clock */
  constructor({
    points,
    seconds,
    maxBytes,
    clockMs = () => performance.now(),
  }: {
    points: number;
    seconds: number;
    maxBytes: number;
    clockMs?: () => number;
  }) {
    this.#points = points;
    this.#windowMs = seconds * 1000;
    this.#clockMs = clockMs;
    this.#windows = new LRUCache({ maxSize: maxBytes, sizeCalculation: (_, key) => ENTRY_BYTES + 2 * key.length });
  }

  /** The number of keys in memory. */
  get size(): number {
    return this.#windows.size;
  }

  take(
    key: string,
    points: number,
  ): { readonly isGiven: boolean; readonly consumed: number; readonly resetMs: number } {
    const now = this.#clockMs();
    let window = this.#windows.get(key);
    if (!window || window.endsAt <= now) {
      window = { consumed: 0, endsAt: now + this.#windowMs };
      this.#windows.set(key, window);
    }
    const isGiven = window.consumed + points <= this.#points;
    if (isGiven) window.consumed += points;
    return { isGiven, consumed: window.consumed, resetMs: window.endsAt - now };
  }
}
