import type { SourceState } from '#gateway/graph/sources.ts';

// GET /health/ready: whether this gateway can answer, and which of its parts do not work as they should. Any client may
// call it, each second and more, so a call is cheap: it returns the known state, which is refreshed at most a few times
// a second, once for all callers.

/** A part of the gateway: `degraded` still answers, with less or more slowly; `unavailable` does not. */
export type PartState = 'ok' | 'degraded' | 'unavailable';

export interface Part {
  readonly state: PartState;
  /** Details for operators: never an address, a path or a message of a database. */
  readonly [detail: string]: unknown;
}

export interface Readiness {
  /** `unavailable`: send no traffic here. */
  readonly status: PartState;
  /** Sources that do not answer, by name. */
  readonly unavailable: readonly string[];
  /** The instant up to which records are settled, by source. */
  readonly knownThrough: Readonly<Record<string, string | null>>;
  /** Other parts, by name. */
  readonly [part: string]: unknown;
}

export interface ReadinessOptions {
  /** Refreshes the state of the parts; it is not waited for longer than `DEADLINE_MS`, and may fail. */
  readonly refresh: () => Promise<unknown>;
  /** Without any of them no record is answered. Which units are late is not shown, because that is in records. */
  readonly sources: () => readonly SourceState[];
  /** The others, by name: without them it answers, but not as well. */
  readonly parts: Readonly<Record<string, () => Part>>;
  readonly clockMs?: () => number;
}

const DEADLINE_MS = 1500;
const KEEP_MS = 250;

/** @returns the gateway's state, at most `KEEP_MS` old unless it is being refreshed; it never rejects */
export function createReadiness({
  refresh,
  sources,
  parts,
  clockMs = () => performance.now(),
}: ReadinessOptions): () => Promise<Readiness> {
  let known: { readonly readiness: Readiness; readonly at: number } | null = null;
  let underWay: Promise<Readiness> | null = null;

  const lookAt = (look: () => Part): Part => {
    try {
      return look();
    } catch {
      return { state: 'unavailable' }; // reported at each call
    }
  };
  const look = async (): Promise<Readiness> => {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.resolve()
        .then(refresh)
        .catch(() => {}), // the states of the sources show it, and they have logged it
      new Promise<void>((resolve) => (timer = setTimeout(resolve, DEADLINE_MS))),
    ]);
    clearTimeout(timer);
    const states = sources();
    const unavailable = states.flatMap(({ source, state }) => (state === 'UNAVAILABLE' ? [source] : []));
    const displayed = Object.entries(parts).map(([name, each]) => [name, lookAt(each)] as const);
    const isWhole = unavailable.length === 0 && displayed.every(([, { state }]) => state === 'ok');
    const readiness: Readiness = {
      status: states.length > 0 && unavailable.length === states.length ? 'unavailable' : isWhole ? 'ok' : 'degraded',
      unavailable,
      knownThrough: Object.fromEntries(states.map(({ source, knownThrough }) => [source, knownThrough])),
      ...Object.fromEntries(displayed),
    };
    known = { readiness, at: clockMs() };
    return readiness;
  };

  return () => {
    if (known && clockMs() - known.at < KEEP_MS) return Promise.resolve(known.readiness);
    underWay ??= look().finally(() => (underWay = null));
    return underWay;
  };
}
