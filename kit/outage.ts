import type { Log } from './log.ts';

// What fails for each request, or at each attempt of something that repeats, would fill the log with one sentence. The
// log therefore states when it begins to fail and when it works again. The second line holds how often it failed in
// between, which metrics count too.

/** Something that can fail many times for one reason. */
export interface Outage {
  /**
   * Reports a failure. Only the first failure of an outage is logged at its level; the others are logged at `debug`.
   */
  failed(error: unknown, details?: Readonly<Record<string, unknown>>): void;
  /** Reports a success. It is cheap while nothing fails, so that it can be called for each request. */
  succeeded(): void;
  /** Whether it has failed and has not worked since. */
  isFailing(): boolean;
}

export interface OutageOptions {
  readonly log: Log;
  readonly level?: 'warn' | 'error';
  /** The log message when it begins to fail. */
  readonly began: string;
  /** The log message when it works again. */
  readonly over: string;
  /** Fields of every line, such as `{ source }`. */
  readonly about?: Readonly<Record<string, unknown>>;
  /**
   * How long nothing may have failed before a success ends the outage, in milliseconds. Of many requests at once some
   * may fail and some succeed, and each would otherwise write a line. 0 for what is tried one at a time.
   */
  readonly quietMs?: number;
  /** In milliseconds, never backwards. */
  readonly clock?: () => number;
}

const QUIET_MS = 1000;

/** Creates the log of one thing that can fail: one line when an outage begins and one when it is over. */
export function createOutage({
  log,
  level = 'warn',
  began,
  over,
  about = {},
  quietMs = QUIET_MS,
  clock = () => performance.now(),
}: OutageOptions): Outage {
  let failures = 0;
  let beganAt = 0;
  let lastAt = 0;
  return {
    failed(error, details) {
      lastAt = clock();
      failures += 1;
      if (failures === 1) beganAt = lastAt;
      log[failures === 1 ? level : 'debug']({ ...about, ...details, err: error }, began);
    },
    succeeded() {
      if (failures === 0) return;
      const at = clock();
      if (at - lastAt < quietMs) return;
      log.info({ ...about, failures, seconds: Math.round((at - beganAt) / 1000) }, over);
      failures = 0;
    },
    isFailing: () => failures > 0,
  };
}

/** The outages of several things of one kind, such as the sources, each by its own name. */
export interface Outages<Name extends string> {
  failed(name: Name, error: unknown, details?: Readonly<Record<string, unknown>>): void;
  succeeded(name: Name): void;
}

/**
 * Creates the log of several things that can fail alike.
 * @param field of every line, which holds the name of what failed
 */
export function createOutages<Name extends string>(
  field: string,
  options: Omit<OutageOptions, 'about'>,
): Outages<Name> {
  /** Of those that have failed since the start. */
  const outages = new Map<Name, Outage>();
  return {
    failed(name, error, details) {
      let outage = outages.get(name);
      if (!outage) outages.set(name, (outage = createOutage({ ...options, about: { [field]: name } })));
      outage.failed(error, details);
    },
    succeeded: (name) => outages.get(name)?.succeeded(),
  };
}
