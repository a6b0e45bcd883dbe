// Decides whose text is planned next. A caller is an organisation or an address; it is charged with the time that its
// plans took.

export interface Waiting {
  /** The bytes of its text, which decide the order: a short text is usually planned quickly. */
  readonly bytes: number;
}

export interface QueueBounds {
  /** The maximum that one caller may have waiting. */
  readonly perCaller: number;
  /** The maximum that may wait in all. */
  readonly all: number;
  readonly bytes: number;
}

export interface FairQueue<Job extends Waiting> {
  readonly length: number;
  /**
   * Queues a job for a caller; a job may be queued for several. Null: there is no room for it. `displaced`: where the
   * caller had no room left, its longest job, if longer, made room, so that a caller that shares an address with many
   * expensive texts is not shut out by them.
   */
  add(caller: string, job: Job): { readonly displaced: Job | null } | null;
  /** The caller no longer waits for the job. */
  leave(caller: string, job: Job): void;
  /**
   * The shortest job of the caller that has spent least, among callers without a job in progress. The caller has one in
   * progress from now on, until `done`.
   */
  take(): { readonly job: Job; readonly caller: string } | null;
  /** The job that was taken for the caller has ended, after so many ms of planning. */
  done(caller: string, ms: number): void;
}

/**
 * A caller takes no more than this share of the room that is left, so that some is left for the next one, however many
 * came before.
 */
const SHARE = 0.25;
/** Time spent counts half after this time: a caller is not held back for what it did ten minutes ago. */
const HALF_LIFE_MS = 30_000;
/** Beyond this number, the callers that spent longest ago are forgotten: about 1 MB. */
const MAX_CALLERS = 10_000;

/**
 * The caller that has spent least is next. So a caller with many expensive texts delays others by at most the one in
 * progress, and so do many callers with one expensive text each, once they have had one.
 */
export function createFairQueue<Job extends Waiting>(
  bounds: QueueBounds,
  now: () => number = () => performance.now(),
): FairQueue<Job> {
  const waiting = new Map<string, Set<Job>>(); // by caller, in order of arrival
  const sizes = new Map<Job, number>(); // the number of callers that wait for each
  const spent = new Map<string, { readonly ms: number; readonly at: number }>();
  const underWay = new Set<string>();
  let bytes = 0;

  const spentBy = (caller: string): number => {
    const { ms, at } = spent.get(caller) ?? { ms: 0, at: 0 };
    return ms * 2 ** ((at - now()) / HALF_LIFE_MS);
  };
  const remove = (caller: string, job: Job): void => {
    const own = waiting.get(caller);
    if (!own?.delete(job)) return;
    if (own.size === 0) waiting.delete(caller);
    const left = (sizes.get(job) ?? 1) - 1;
    if (left > 0) return void sizes.set(job, left);
    sizes.delete(job);
    bytes -= job.bytes;
  };

  return {
    get length() {
      return sizes.size;
    },
    add(caller, job) {
      const own = waiting.get(caller) ?? new Set();
      if (own.has(job)) return { displaced: null };
      const isNew = !sizes.has(job);
      const ownBytes = [...own].reduce((sum, each) => sum + each.bytes, job.bytes);
      if (isNew && ownBytes > SHARE * (bounds.bytes - bytes)) return null;
      let displaced: Job | null = null;
      if (own.size >= Math.min(bounds.perCaller, SHARE * (bounds.all - sizes.size))) {
        for (const each of own) if (each.bytes > (displaced ?? job).bytes) displaced = each;
        if (!displaced) return null;
        remove(caller, displaced);
      }
      waiting.set(caller, own.add(job));
      sizes.set(job, (sizes.get(job) ?? 0) + 1);
      if (isNew) bytes += job.bytes;
      return { displaced };
    },
    leave: remove,
    take() {
      let next: string | null = null;
      for (const caller of waiting.keys())
        if (!underWay.has(caller) && (next === null || spentBy(caller) < spentBy(next))) next = caller;
      if (next === null) return null;
      let job: Job | null = null;
      for (const each of waiting.get(next) ?? []) if (job === null || each.bytes < job.bytes) job = each;
      if (job === null) return null;
      for (const caller of waiting.keys()) remove(caller, job);
      underWay.add(next);
      return { job, caller: next };
    },
    done(caller, ms) {
      underWay.delete(caller);
      const sum = spentBy(caller) + ms;
      spent.delete(caller); // to the end of the map, which is in the order of spending
      spent.set(caller, { ms: sum, at: now() });
      if (spent.size > MAX_CALLERS) spent.delete(spent.keys().next().value as string); // full, so it has a first key
    },
  };
}
