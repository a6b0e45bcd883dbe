// Who plans next. A caller is an organisation or an address; what it pays with is the time that its plans took.

export interface Waiting {
  /** Of its text, for which it is also ordered: a short text is a quick plan, more often than not. */
  readonly bytes: number;
}

export interface QueueBounds {
  /** That one caller may have waiting. */
  readonly perCaller: number;
  /** That may wait in all. */
  readonly all: number;
  readonly bytes: number;
}

export interface FairQueue<Job extends Waiting> {
  readonly length: number;
  /**
   * Lets a job wait for a caller; it may wait for several. Null: there is no room for it. `displaced`: where the caller had no room
   * left, its longest job, if longer, made room, so that whoever shares an address with many dear texts is not shut out by them.
   */
  add(caller: string, job: Job): { readonly displaced: Job | null } | null;
  /** The caller waits for the job no more. */
  leave(caller: string, job: Job): void;
  /**
   * The shortest job of the caller that has spent least, of those that have none under way. The caller has one under way from now
   * on, until `done`.
   */
  take(): { readonly job: Job; readonly caller: string } | null;
  /** The job that was taken for the caller has ended, after so many ms of planning. */
  done(caller: string, ms: number): void;
}

/** Of the room that is left a caller takes no more than this share: some is left for who comes next, however many came before. */
const SHARE = 0.25;
/** What was spent counts half after this time: a caller is not held off for what it did ten minutes ago. */
const HALF_LIFE_MS = 30_000;
/** Of more callers than this those that spent longest ago are forgotten: about 1 MB. */
const MOST_CALLERS = 10_000;

/**
 * Whoever has spent least is next, so that a caller with many dear texts delays others by no more than the one that is under way, and
 * so do many callers with a dear text each, once they have had one.
 */
export function createFairQueue<Job extends Waiting>(bounds: QueueBounds, now: () => number = () => performance.now()): FairQueue<Job> {
  const waiting = new Map<string, Set<Job>>(); // by caller, in the order of their coming
  const sizes = new Map<Job, number>(); // for how many callers each waits
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
      for (const caller of waiting.keys()) if (!underWay.has(caller) && (next === null || spentBy(caller) < spentBy(next))) next = caller;
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
      if (spent.size > MOST_CALLERS) spent.delete(spent.keys().next().value as string); // full, so it has a first key
    },
  };
}
