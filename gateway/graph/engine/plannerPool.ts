import { backOff } from '#kit/backOff.ts';
import type { Log } from '#kit/log.ts';
import { createPlanJobs, ofJob, type PlanCaller, type PlanJobs, type PlannerNumbers } from './planJobs.ts';
import { type PlannerBounds, plannerBounds } from './plannerBounds.ts';
import { assign, brief, free, hold, kill, type PlannerChild, startPlanner, teach } from './plannerChild.ts';
import type { PlannerReply } from './plannerProcess.ts';
import type { QueryPlan } from './queryPlan.ts';

// Plans are made by processes that may die: the planner is native code, and one text in a thousand makes it abort. The
// requests that wait for such a text fail with a code, another process takes over, and no other request is affected
// (docs/adr/0018-planner-processes.md).

export interface PlanMaker {
  /**
   * The plan of a text, as the planner returns it. Equal texts requested at the same time are planned once.
   * @throws GraphQLError QUERY_PLANNING_FAILED, COST_LIMIT or RATE_LIMITED; the reason of the caller's signal
   */
  plan(text: string, operationName: string | undefined, caller: PlanCaller): Promise<QueryPlan>;
}

export interface PlannerPool extends AsyncDisposable {
  /** Plans by this supergraph. Its processes start with the first plan, unless `ready` was called before. */
  open(supergraph: string): PlanMaker;
  /** Resolves when a process has read every supergraph opened. @throws Error with the reason when none can. */
  ready(): Promise<void>;
  readonly measured: Readonly<PlannerNumbers>;
  /** Texts that wait, and texts that are remembered as impossible to plan. */
  waiting(): number;
  remembered(): number;
  /** The processes that can plan, by process id. */
  processes(): { readonly pid: number; readonly isPlanning: boolean }[];
}

/** Signals by which a process ends itself. A process killed by another signal did nothing wrong. */
const OWN_FAULTS: ReadonlySet<string> = new Set([
  'SIGABRT',
  'SIGSEGV',
  'SIGBUS',
  'SIGILL',
  'SIGFPE',
  'SIGTRAP',
  'SIGSYS',
]);
/**
 * A process that never could plan is restarted after at most this time; one that died while planning at once, then
 * within half a second.
 */
const MAX_START_WAIT_MS = 30_000;
const MAX_DEATH_WAIT_MS = 500;
/** Deaths before anything could be planned, after which `ready` gives up. */
const MAX_FIRST_DEATHS = 3;
/** The log's key for the output of a process, or the planner's own words. */
const OUTPUT = 'said';

/** The state that the functions below share. */
interface Pool {
  readonly size: number;
  readonly log: Log;
  readonly bounds: PlannerBounds;
  readonly measured: PlannerNumbers;
  readonly jobs: PlanJobs;
  readonly children: Set<PlannerChild>;
  /** Numbers of supergraphs, by their text. */
  readonly supergraphs: Map<string, number>;
  /** Why supergraphs cannot be read, by number. */
  readonly unreadable: Map<number, string>;
  /** Callers of `ready` that wait. */
  readonly awaiting: Set<{ readonly resolve: () => void; readonly reject: (error: Error) => void }>;
  phase: 'IDLE' | 'RUNNING' | 'DISPOSED';
  /** Since a plan was made. */
  deathsInARow: number;
  restart: NodeJS.Timeout | undefined;
}

/** @param options.size the number of processes, each with one plan at a time and about 80 MB */
export function createPlannerPool(options: {
  readonly size: number;
  readonly log: Log;
  readonly bounds?: Partial<PlannerBounds>;
}): PlannerPool {
  const bounds: PlannerBounds = { ...plannerBounds, ...options.bounds };
  const measured: PlannerNumbers = {
    plans: 0,
    failures: 0,
    refusals: 0,
    deaths: 0,
    waitedSeconds: 0,
    planningSeconds: 0,
  };
  const pool: Pool = {
    size: options.size,
    log: options.log,
    bounds,
    measured,
    jobs: createPlanJobs(bounds, measured, () => holdAll(pool)),
    children: new Set(),
    supergraphs: new Map(),
    unreadable: new Map(),
    awaiting: new Set(),
    phase: 'IDLE',
    deathsInARow: 0,
    restart: undefined,
  };
  return {
    measured,
    waiting: () => pool.jobs.waiting,
    remembered: () => pool.jobs.remembered,
    processes: () =>
      [...pool.children].flatMap(({ phase, process: { pid }, job, hasBegun }) =>
        phase === 'READY' && pid !== undefined ? [{ pid, isPlanning: job !== null && hasBegun }] : [],
      ),
    open: (sdl) => openSupergraph(pool, sdl),
    ready: () => awaitReady(pool),
    [Symbol.asyncDispose]: () => dispose(pool),
  };
}

function openSupergraph(pool: Pool, sdl: string): PlanMaker {
  const { supergraphs, children, jobs } = pool;
  let number = supergraphs.get(sdl);
  if (number === undefined) {
    supergraphs.set(sdl, (number = supergraphs.size));
    for (const child of children) teach(child, sdl, number);
  }
  const supergraph = number;
  return {
    plan: (text, operationName, caller) =>
      new Promise((resolve, reject) => {
        if (pool.phase === 'DISPOSED') throw new Error('The planner pool was disposed.');
        caller.signal?.throwIfAborted();
        jobs.wait({ supergraph, text, operationName }, caller, resolve, reject);
        run(pool);
        dispatch(pool);
      }),
  };
}

async function awaitReady(pool: Pool): Promise<void> {
  if ([...pool.children].some(({ phase }) => phase === 'READY')) return;
  const started = Promise.withResolvers<void>();
  pool.awaiting.add(started);
  run(pool);
  return started.promise;
}

async function dispose(pool: Pool): Promise<void> {
  pool.phase = 'DISPOSED';
  clearTimeout(pool.restart);
  const ending = [...pool.children].map(kill);
  pool.jobs.rejectAll(new Error('The planner pool was disposed.'));
  await Promise.all(ending);
}

/** Starts the processes with the first use. */
function run(pool: Pool): void {
  if (pool.phase === 'IDLE') {
    pool.phase = 'RUNNING';
    fill(pool);
  }
  holdAll(pool);
}

/** Starts as many processes as are missing. */
function fill(pool: Pool): void {
  pool.restart = undefined;
  while (pool.children.size < pool.size) start(pool);
}

function start(pool: Pool): void {
  const child = startPlanner({
    onReply: (from, reply) => onReply(pool, from, reply),
    onEnd: (from, how) => onEnd(pool, from, how),
  });
  pool.children.add(child);
  for (const [sdl, supergraph] of pool.supergraphs) teach(child, sdl, supergraph);
  hold(child, isAwaited(pool));
}

// Only pending requests keep the gateway's process alive.
const isAwaited = ({ jobs, awaiting }: Pool): boolean => jobs.size > 0 || awaiting.size > 0;
function holdAll(pool: Pool): void {
  for (const child of pool.children) hold(child, isAwaited(pool));
}

/** Lets each process that is free plan the next text. */
function dispatch({ children, jobs, bounds }: Pool): void {
  for (const child of children) {
    if (child.phase !== 'READY' || child.job) continue;
    const job = jobs.take();
    if (!job) return;
    assign(child, job, bounds.silentMs);
  }
}

function onReply(pool: Pool, child: PlannerChild, reply: PlannerReply): void {
  if ('supergraph' in reply) return onSupergraphRead(pool, child, reply.supergraph, reply.error);
  const { job } = child;
  if (job?.id !== reply.id) return;
  if ('begun' in reply) return void (child.hasBegun = true);
  free(child);
  pool.deathsInARow = 0;
  if ('plan' in reply) pool.jobs.resolve(job, JSON.parse(reply.plan) as QueryPlan);
  else {
    const { failure, detail } = reply;
    if (failure === 'SLOW') child.phase = 'ENDING';
    ofJob(job, () =>
      pool.log.warn({ operation: job.key, failure, [OUTPUT]: brief(detail) }, 'an operation was not planned'),
    );
    pool.jobs.fail(job, failure);
  }
  dispatch(pool);
}

/** @param error why it cannot be read, or null */
function onSupergraphRead(pool: Pool, child: PlannerChild, supergraph: number, error: string | null): void {
  const { unreadable, awaiting } = pool;
  if (error !== null) unreadable.set(supergraph, error);
  child.unread -= 1;
  if (child.unread > 0) return;
  child.phase = 'READY';
  const [problem] = unreadable.values();
  for (const waiter of awaiting)
    if (problem === undefined) waiter.resolve();
    else waiter.reject(new Error(`The planner cannot read the supergraph: ${problem}`));
  awaiting.clear();
  holdAll(pool);
  dispatch(pool);
}

/** A process has ended: another one takes its place, and its text. */
function onEnd(pool: Pool, child: PlannerChild, how: string): void {
  if (!pool.children.delete(child) || pool.phase === 'DISPOSED') return;
  if (child.phase === 'ENDING') return fill(pool);
  const { job } = child;
  const wasReady = child.phase === 'READY';
  free(child);
  pool.measured.deaths += 1;
  pool.deathsInARow += 1;
  ofJob(job, () =>
    pool.log.warn({ how, operation: job?.key, [OUTPUT]: brief(child.output) }, 'a planner process died'),
  );
  if (job) {
    if (child.hasBegun) job.deaths += 1;
    if (OWN_FAULTS.has(how) || job.deaths > 1) pool.jobs.fail(job, 'FATAL');
    else pool.jobs.retry(job);
  }
  if (!wasReady && pool.deathsInARow >= MAX_FIRST_DEATHS) {
    for (const waiter of pool.awaiting)
      waiter.reject(new Error(`The planner does not start (${how}): ${brief(child.output)}`));
    pool.awaiting.clear();
  }
  const failures = pool.deathsInARow - 1;
  if (failures === 0) fill(pool);
  else
    pool.restart ??= setTimeout(() => fill(pool), backOff(failures, wasReady ? MAX_DEATH_WAIT_MS : MAX_START_WAIT_MS));
  dispatch(pool);
}
