import { type Log, silentLog } from '#kit/log.ts';
import { createOutages } from '#kit/outage.ts';
import { outsideRequests } from '#kit/telemetry/scope.ts';
import type { SubgraphStatus } from '#records/subgraph.ts';
import { SubgraphUnavailable } from './engine/transport.ts';
import type { Source, SourceRegistry, SourceState } from './sources.ts';
import { LATE_STATUS_DEADLINE_MS, STATUS_DEADLINE_MS, withDeadline } from './sourceDeadlines.ts';

/** An instant this old still serves, while a newer one is fetched: no query waits, and nothing runs without queries. */
const RENEW_MS = 200;
const FRESH_MS = 2000;
/**
 * How many times one operation retries when each answer was too old on arrival: the process was stopped, or is starved.
 */
const MAX_ASKED = 2;

/** @param clockMs a monotonic clock in milliseconds */
export function createSourceRegistry(
  sources: readonly Source[],
  { log = silentLog, clockMs = () => performance.now() }: { readonly log?: Log; readonly clockMs?: () => number } = {},
): SourceRegistry {
  const askAll = createRounds(sources, log);
  let states: readonly SourceState[] = sources.map(({ name }) => ({
    source: name,
    state: 'UNAVAILABLE',
    knownThrough: null,
    lateUnits: [],
  }));
  /** The result of the last round that was answered, and the time of its request; null where no source answered it. */
  let answer: { readonly sealed: string; readonly askedAt: number } | null = null;
  let greatest = '';
  let underWay: Promise<void> | null = null;

  const ask = async (): Promise<void> => {
    const askedAt = clockMs();
    states = await askAll(states);
    const least = leastKnown(states);
    if (least !== undefined && least > greatest) greatest = least;
    answer = least === undefined ? null : { sealed: greatest, askedAt };
  };
  const renew = (): Promise<void> => {
    underWay ??= outsideRequests(ask).finally(() => {
      underWay = null;
    });
    return underWay;
  };
  const ageMs = (): number => (answer === null ? Number.POSITIVE_INFINITY : clockMs() - answer.askedAt);

  const awaitSealed = async (): Promise<string> => {
    const arrivedAt = clockMs();
    for (let asked = 0; ageMs() > FRESH_MS && asked < MAX_ASKED; asked += 1) {
      await renew();
      if (answer === null) break;
    }
    // The sources answered slowly, but to a request after this operation came: their answer is no older than it.
    if (answer === null || answer.askedAt < arrivedAt - FRESH_MS) {
      throw new SubgraphUnavailable('no source says what is settled');
    }
    return answer.sealed;
  };

  return {
    states: () => states,
    sealed() {
      const age = ageMs();
      if (age > RENEW_MS) void renew();
      return answer !== null && age <= FRESH_MS ? answer.sealed : awaitSealed();
    },
    async refresh() {
      // A request in progress may have been sent before the write.
      if (underWay) await underWay;
      await renew();
    },
  };
}

/** What is settled everywhere. A source that is down answers nothing, so it does not hold the others back. */
function leastKnown(states: readonly SourceState[]): string | undefined {
  const [least] = states
    .flatMap(({ state, knownThrough }) => (state !== 'UNAVAILABLE' && knownThrough !== null ? [knownThrough] : []))
    .toSorted();
  return least;
}

/**
 * Asks all sources at once what is settled.
 * @returns a function of the states before the round, which never rejects
 */
function createRounds(
  sources: readonly Source[],
  log: Log,
): (before: readonly SourceState[]) => Promise<readonly SourceState[]> {
  const outages = createOutages('source', {
    log,
    began: 'a source does not say what is settled; it is UNAVAILABLE, and what it keeps is missing in answers',
    over: 'a source says again what is settled',
    quietMs: 0,
  });
  const statusOf = createStatusReader();
  return (before) =>
    Promise.all(
      sources.map(async (source): Promise<SourceState> => {
        const { name } = source;
        try {
          const { sealed: through, lateUnits } = await statusOf(source);
          outages.succeeded(name);
          return { source: name, state: lateUnits.length > 0 ? 'LATE' : 'IN_TIME', knownThrough: through, lateUnits };
        } catch (error) {
          outages.failed(name, error);
          return {
            source: name,
            state: 'UNAVAILABLE',
            knownThrough: before.find((state) => state.source === name)?.knownThrough ?? null,
            lateUnits: [],
          };
        }
      }),
    );
}

/** Reads the status of a source within its deadline, which is shorter for one that was late before. */
function createStatusReader(): (source: Source) => Promise<SubgraphStatus> {
  // A source that hangs is not called again meanwhile: that would take its connections one by one.
  const hanging = new Set<string>();
  const late = new Set<string>();
  return async ({ name, status }) => {
    if (hanging.has(name)) throw new SubgraphUnavailable('it has not answered the question before');
    hanging.add(name);
    const delivered = status().finally(() => hanging.delete(name));
    try {
      const state = await withDeadline(delivered, late.has(name) ? LATE_STATUS_DEADLINE_MS : STATUS_DEADLINE_MS);
      late.delete(name);
      return state;
    } catch (error) {
      late.add(name);
      throw error;
    }
  };
}
