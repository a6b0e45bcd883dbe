import { createHash } from 'node:crypto';
import type { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { currentScope, inScope, type RequestScope } from '#kit/telemetry/scope.ts';
import { createFairQueue, type FairQueue } from './fairQueue.ts';
import type { PlannerBounds } from './plannerBounds.ts';
import type { PlannerRequest } from './plannerProcess.ts';
import type { QueryPlan } from './queryPlan.ts';
import { createUnplannable, planRefusal, type Reason, type Unplannable } from './unplannable.ts';

// The texts that are to be planned, and the callers that wait for each. Who plans them is for the pool
// (plannerPool.ts).

/** The caller for which a plan is made. */
export interface PlanCaller {
  /** The caller whose turn it takes, see `callerOf`. */
  readonly caller: string;
  /** Ends the wait, with its reason; the plan continues for others that wait for it. */
  readonly signal?: AbortSignal | undefined;
}

/** A text to plan, by the supergraph of this number. */
export interface PlanText {
  readonly supergraph: number;
  readonly text: string;
  readonly operationName: string | undefined;
}

/** A caller that waits for a plan. */
interface Waiter {
  readonly caller: string;
  readonly resolve: (plan: QueryPlan) => void;
  readonly reject: (error: unknown) => void;
}

/** One text, and all that wait for its plan. */
export interface PlanJob {
  readonly id: number;
  /** The scope of the first request for it. */
  readonly scope: RequestScope | undefined;
  /** The digest of the text; the log has only this. */
  readonly key: string;
  readonly request: PlannerRequest;
  readonly bytes: number;
  readonly askedAt: number;
  readonly waiters: Set<Waiter>;
  phase: 'WAITING' | 'TAKEN';
  /** The caller whose turn it took, once taken. */
  caller: string | null;
  /** Deaths of processes that had begun with it. */
  deaths: number;
  planningMs: number;
}

/** Counted since the start. */
export interface PlannerNumbers {
  plans: number;
  failures: number;
  refusals: number;
  deaths: number;
  waitedSeconds: number;
  planningSeconds: number;
}

export interface PlanJobs {
  /** Jobs that have not ended: they wait, are taken, or are to be retried. */
  readonly size: number;
  readonly waiting: number;
  /** Texts that are remembered as impossible to plan. */
  readonly remembered: number;
  /**
   * Lets a caller wait for the plan of a text; equal texts have one job.
   * @throws GraphQLError QUERY_PLANNING_FAILED or COST_LIMIT for a text that is known to have no plan, RATE_LIMITED
   * where there is no room for it
   */
  wait(text: PlanText, caller: PlanCaller, resolve: Waiter['resolve'], reject: Waiter['reject']): void;
  /** The next job, which its taker resolves, fails or retries; null: there is none. */
  take(): PlanJob | null;
  /** The process that had taken it is no more: it is taken again, before others, unless nobody waits for it. */
  retry(job: PlanJob): void;
  resolve(job: PlanJob, plan: QueryPlan): void;
  /** Remembers the text as impossible to plan. */
  fail(job: PlanJob, reason: Reason): void;
  /** Ends all jobs. */
  rejectAll(error: Error): void;
}

/** The state that the functions below share. */
interface JobTable {
  readonly bounds: PlannerBounds;
  readonly measured: PlannerNumbers;
  readonly queue: FairQueue<PlanJob>;
  readonly byKey: Map<string, PlanJob>;
  /** Taken by a process that was killed. */
  readonly again: PlanJob[];
  readonly unplannable: Unplannable;
  /** Called after the end of each job. */
  readonly onEnd: () => void;
  lastId: number;
}

/** @param onEnd called after a job has ended and its waiters have been settled */
export function createPlanJobs(bounds: PlannerBounds, measured: PlannerNumbers, onEnd: () => void): PlanJobs {
  const table: JobTable = {
    bounds,
    measured,
    queue: createFairQueue({ perCaller: bounds.perCaller, all: bounds.waiting, bytes: bounds.waitingBytes }),
    byKey: new Map(),
    again: [],
    unplannable: createUnplannable(bounds),
    onEnd,
    lastId: 0,
  };
  return {
    get size() {
      return table.byKey.size;
    },
    get waiting() {
      return table.queue.length;
    },
    get remembered() {
      return table.unplannable.size;
    },
    wait: (text, caller, resolve, reject) =>
      addWaiter(table, enqueue(table, text, caller.caller), caller, resolve, reject),
    take: () => table.again.shift() ?? takeNext(table),
    retry(job) {
      if (job.waiters.size === 0) end(table, job, () => {});
      else table.again.push(job);
    },
    resolve(job, plan) {
      measured.plans += 1;
      end(table, job, (waiter) => waiter.resolve(plan));
    },
    fail(job, reason) {
      measured.failures += 1;
      table.unplannable.remember(job.key, reason);
      end(table, job, (waiter) => waiter.reject(planRefusal(reason, bounds)));
    },
    rejectAll(error) {
      for (const job of table.byKey.values()) end(table, job, (waiter) => waiter.reject(error));
    },
  };
}

/** The job of a text, with a place in the caller's queue unless it was taken already. */
function enqueue(table: JobTable, text: PlanText, caller: string): PlanJob {
  const { queue, byKey, unplannable, bounds } = table;
  const key = createHash('sha256')
    .update(JSON.stringify([text.supergraph, text.operationName, text.text]))
    .digest('base64url');
  const reason = unplannable.reasonFor(key);
  if (reason) throw planRefusal(reason, bounds);
  const job = byKey.get(key) ?? createJob(table, key, text);
  if (job.phase === 'WAITING') {
    const added = queue.add(caller, job);
    if (!added) throw tooManyTexts(table);
    if (added.displaced) displace(table, added.displaced, caller);
  }
  byKey.set(key, job);
  return job;
}

function createJob(table: JobTable, key: string, { supergraph, text, operationName }: PlanText): PlanJob {
  const id = (table.lastId += 1);
  return {
    id,
    scope: currentScope(),
    key,
    request: { id, supergraph, text, operationName, cpuMs: table.bounds.cpuMs },
    bytes: Buffer.byteLength(text),
    askedAt: performance.now(),
    waiters: new Set(),
    phase: 'WAITING',
    caller: null,
    planningMs: 0,
    deaths: 0,
  };
}

function addWaiter(
  table: JobTable,
  job: PlanJob,
  { caller, signal }: PlanCaller,
  resolve: Waiter['resolve'],
  reject: Waiter['reject'],
): void {
  const stop = (): void => {
    leave(table, job, waiter);
    reject(signal?.reason);
  };
  const over = (): void => signal?.removeEventListener('abort', stop);
  const waiter: Waiter = {
    caller,
    resolve: (plan) => (over(), resolve(plan)),
    reject: (error) => (over(), reject(error)),
  };
  job.waiters.add(waiter);
  signal?.addEventListener('abort', stop, { once: true });
}

function leave(table: JobTable, job: PlanJob, waiter: Waiter): void {
  job.waiters.delete(waiter);
  if (job.phase === 'TAKEN') return; // it continues, and keeps its caller's turn
  if (![...job.waiters].some(({ caller }) => caller === waiter.caller)) table.queue.leave(waiter.caller, job);
  if (job.waiters.size === 0) end(table, job, () => {});
}

/** A job of a caller made room for another job of the same caller. */
function displace(table: JobTable, job: PlanJob, caller: string): void {
  for (const waiter of job.waiters) {
    if (waiter.caller !== caller) continue;
    job.waiters.delete(waiter);
    waiter.reject(tooManyTexts(table));
  }
  if (job.waiters.size === 0) end(table, job, () => {});
}

function tooManyTexts({ measured, bounds }: JobTable): GraphQLError {
  measured.refusals += 1;
  const limit = `at most ${bounds.perCaller} new operations at once`;
  return clientError(
    'RATE_LIMITED',
    `Too many of your operations that were not asked before wait to be planned: there may be ${limit}.`,
    { expected: limit, retryable: true },
  );
}

function takeNext({ queue, measured }: JobTable): PlanJob | null {
  const taken = queue.take();
  if (!taken) return null;
  const { job, caller } = taken;
  job.phase = 'TAKEN';
  job.caller = caller;
  measured.waitedSeconds += (performance.now() - job.askedAt) / 1000;
  return job;
}

/** Ends a job and settles all that wait for it. */
function end({ byKey, queue, measured, onEnd }: JobTable, job: PlanJob, settle: (waiter: Waiter) => void): void {
  byKey.delete(job.key);
  if (job.caller !== null) queue.done(job.caller, job.planningMs);
  measured.planningSeconds += job.planningMs / 1000;
  for (const waiter of job.waiters) settle(waiter);
  job.waiters.clear();
  onEnd();
}

/** Log lines of a job carry the request for which it was made. */
export function ofJob(job: PlanJob | null, work: () => void): void {
  if (job?.scope) inScope(job.scope, work);
  else work();
}
