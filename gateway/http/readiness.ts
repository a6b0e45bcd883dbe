import type { SourceState } from '../sources.ts';

// GET /health/ready: whether this gateway can answer, and what of it does not work as it should. Anybody may ask, each second and more, so
// asking costs nothing: what is known is told, and looked at anew at most a few times a second, by one who asks for all.

/** A part of the gateway: `degraded` still answers, with less or more slowly; `unavailable` does not. */
export type PartState = 'ok' | 'degraded' | 'unavailable';

export interface Part {
  readonly state: PartState;
  /** Words for whoever looks: never an address, a path or what a database said. */
  readonly [detail: string]: unknown;
}

export interface Readiness {
  /** `unavailable`: send nobody here. */
  readonly status: PartState;
  /** Sources that do not answer, by name. */
  readonly unavailable: readonly string[];
  /** Until when what was recorded is settled, by source. */
  readonly knownThrough: Readonly<Record<string, string | null>>;
  /** Other parts, by name. */
  readonly [part: string]: unknown;
}

export interface ReadinessOptions {
  /** Brings up to date what the parts tell of; it is not waited for longer than `DEADLINE_MS`, and may fail. */
  readonly refresh: () => Promise<unknown>;
  /** Without any of them nothing of a record is answered. Not which units are late is told: that stands in records. */
  readonly sources: () => readonly SourceState[];
  /** The others, by name: without them it answers, if not as well. */
  readonly parts: Readonly<Record<string, () => Part>>;
  readonly clockMs?: () => number;
}

const DEADLINE_MS = 1500;
const KEEP_MS = 250;

/** @returns how the gateway does, at most `KEEP_MS` old when it is not being looked at; it never rejects */
export function createReadiness({ refresh, sources, parts, clockMs = () => performance.now() }: ReadinessOptions): () => Promise<Readiness> {
  let known: { readonly readiness: Readiness; readonly at: number } | null = null;
  let underWay: Promise<Readiness> | null = null;

  const lookAt = (look: () => Part): Part => {
    try {
      return look();
    } catch {
      return { state: 'unavailable' };
    }
  };
  const look = async (): Promise<Readiness> => {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      Promise.resolve().then(refresh).catch(() => {}),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, DEADLINE_MS))),
    ]);
    clearTimeout(timer);
    const states = sources();
    const unavailable = states.flatMap(({ source, state }) => (state === 'UNAVAILABLE' ? [source] : []));
    const shown = Object.entries(parts).map(([name, each]) => [name, lookAt(each)] as const);
    const isWhole = unavailable.length === 0 && shown.every(([, { state }]) => state === 'ok');
    const readiness: Readiness = {
      status: states.length > 0 && unavailable.length === states.length ? 'unavailable' : isWhole ? 'ok' : 'degraded',
      unavailable,
      knownThrough: Object.fromEntries(states.map(({ source, knownThrough }) => [source, knownThrough])),
      ...Object.fromEntries(shown),
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
