import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { GraphQLError } from 'graphql';
import { clientError } from '#kit/errors.ts';
import { currentScope, inScope, type RequestScope } from '#kit/telemetry/scope.ts';
import type { Log } from '#kit/log.ts';
import { backOff } from '#kit/backOff.ts';
import type { QueryPlan } from '../../plan/queryPlan.ts';
import { createFairQueue } from './fairQueue.ts';
import type { PlanFailure, PlannerReply, PlannerRequest } from './plannerProcess.ts';

// Plans are made by processes that may die: the planner is native code, and one text in a thousand makes it abort. Who waits for
// such a text is answered with a code, another process goes on, and nobody else notices (docs/adr/0018-planner-processes.md).

/** Whom a plan is made for. */
export interface PlanAsker {
  /** Whose turn it takes, see `callerOf`. */
  readonly caller: string;
  /** Ends the waiting, with its reason; the plan goes on for whoever else waits for it. */
  readonly signal?: AbortSignal | undefined;
}

export interface PlanMaker {
  /**
   * The plan of a text, as the planner gives it. Equal texts asked for at the same time are planned once.
   * @throws GraphQLError QUERY_PLANNING_FAILED, COST_LIMIT or RATE_LIMITED; the reason of the asker's signal
   */
  plan(text: string, operationName: string | undefined, asker: PlanAsker): Promise<QueryPlan>;
}

export interface PlannerPool extends AsyncDisposable {
  /** Plans by this supergraph. Its processes start with the first plan, unless `ready` was asked before. */
  open(supergraph: string): PlanMaker;
  /** Resolves when a process has read every supergraph opened. @throws Error that says why none can. */
  ready(): Promise<void>;
  readonly measured: Readonly<PlannerNumbers>;
  /** Texts that wait, and those that are remembered as not to be planned. */
  waiting(): number;
  remembered(): number;
  /** Those that can plan, by process id. */
  processes(): { readonly pid: number; readonly isPlanning: boolean }[];
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

/** What planning may take. */
export interface PlannerBounds {
  /** CPU time of one plan. The dearest text within the limits takes 2 s, nearly all take 4 ms. */
  readonly cpuMs: number;
  /** Time of the clock after which a process is ended that says nothing: it was stopped, or hangs. */
  readonly silentMs: number;
  /** Texts that wait: of one caller, of all, and their bytes. */
  readonly perCaller: number;
  readonly waiting: number;
  readonly waitingBytes: number;
  /** How long a text is known as not to be planned: the next release, or a machine less busy, may plan it. */
  readonly rememberedMs: number;
  /** How many such texts are known, 100 bytes each. */
  readonly remembered: number;
}

export const plannerBounds: PlannerBounds = { cpuMs: 5_000, silentMs: 15_000, perCaller: 16, waiting: 256, waitingBytes: 8 * 1024 * 1024, rememberedMs: 5 * 60_000, remembered: 10_000 };

/** `FATAL`: the planner died of it, or twice while planning it. */
type Reason = PlanFailure | 'FATAL';

interface Waiter {
  readonly caller: string;
  readonly resolve: (plan: QueryPlan) => void;
  readonly reject: (error: unknown) => void;
}

interface Job {
  readonly id: number;
  /** Of who asked first. */
  readonly scope: RequestScope | undefined;
  /** Digest of the text; what is logged of it, too. */
  readonly key: string;
  readonly request: PlannerRequest;
  readonly bytes: number;
  readonly askedAt: number;
  readonly waiters: Set<Waiter>;
  phase: 'WAITING' | 'TAKEN';
  /** Whose turn it took, once taken. */
  caller: string | null;
  /** Of processes that had begun with it. */
  deaths: number;
  planningMs: number;
}

interface PlannerProcess {
  readonly child: ChildProcess;
  /** `ENDING`: it has given up on a text, and ends. */
  phase: 'STARTING' | 'READY' | 'ENDING';
  /** Supergraphs sent and not read yet. */
  unread: number;
  job: Job | null;
  /** It has read the text: what it dies of now may be the text. */
  hasBegun: boolean;
  startedAt: number;
  timer: NodeJS.Timeout | undefined;
  said: string;
}

const ENTRY = join(import.meta.dirname, 'plannerProcess.ts');
/** Signals by which a process ends itself. One that is killed by another was doing nothing wrong. */
const OWN_FAULTS: ReadonlySet<string> = new Set(['SIGABRT', 'SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGTRAP', 'SIGSYS']);
/** A process that never could plan is tried again after at most this; one that died while planning at once, then within half a second. */
const MOST_START_WAIT_MS = 30_000;
const MOST_DEATH_WAIT_MS = 500;
/** Deaths before anything could be planned, after which `ready` gives up. */
const MOST_FIRST_DEATHS = 3;
const KEPT_OUTPUT = 4096;
const LOGGED_OUTPUT = 300;

function errorOf(reason: Reason, { cpuMs }: PlannerBounds): GraphQLError {
  const fewer = 'fewer nested lists and aliases';
  if (reason === 'SLOW') return clientError('COST_LIMIT', `The operation takes longer than ${cpuMs / 1000} s to plan.`, { expected: `a plan within ${cpuMs / 1000} s: ${fewer}` });
  if (reason === 'LARGE') return clientError('COST_LIMIT', 'The plan of the operation is too large.', { expected: fewer });
  const expected = 'the same fields asked for in another way, or in several operations';
  return new GraphQLError('The operation is valid, and the planner cannot plan it.', { extensions: { code: 'QUERY_PLANNING_FAILED', expected, retryable: false, http: { status: 500 } } });
}

/** @param options.size processes, each with one plan at a time and about 80 MB */
export function createPlannerPool(options: { readonly size: number; readonly log: Log; readonly bounds?: Partial<PlannerBounds> }): PlannerPool {
  const { size, log } = options;
  const bounds: PlannerBounds = { ...plannerBounds, ...options.bounds };
  const queue = createFairQueue<Job>({ perCaller: bounds.perCaller, all: bounds.waiting, bytes: bounds.waitingBytes });
  const supergraphs = new Map<string, number>();
  const unreadable = new Map<number, string>();
  const processes = new Set<PlannerProcess>();
  const jobs = new Map<string, Job>(); // by key: waiting, taken, or to be tried again
  const again: Job[] = []; // taken by a process that was killed
  const unplannable = new Map<string, { readonly reason: Reason; readonly until: number }>();
  const measured: PlannerNumbers = { plans: 0, failures: 0, refusals: 0, deaths: 0, waitedSeconds: 0, planningSeconds: 0 };
  const ready = new Set<{ readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  let phase: 'IDLE' | 'RUNNING' | 'DISPOSED' = 'IDLE';
  let lastId = 0;
  let deathsInARow = 0; // since a plan was made
  let restart: NodeJS.Timeout | undefined;

  // Nothing here keeps the gateway's process alive but what somebody waits for.
  const hold = ({ child }: PlannerProcess): void => {
    const isAwaited = jobs.size > 0 || ready.size > 0;
    for (const handle of [child, child.channel, child.stderr as Socket | null]) if (isAwaited) handle?.ref(); else handle?.unref();
  };
  const holdAll = (): void => processes.forEach(hold);

  const send = (process: PlannerProcess, request: PlannerRequest): void => {
    // A process that has just died: 'close' tells.
    process.child.send(request, () => {});
  };
  const teach = (process: PlannerProcess, sdl: string, supergraph: number): void => {
    process.unread += 1;
    process.phase = 'STARTING';
    send(process, { supergraph, sdl });
  };

  function start(): void {
    const child = fork(ENTRY, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {}, // it needs none, so no key of the gateway's is in it
      execArgv: [],
    });
    const process: PlannerProcess = { child, phase: 'STARTING', unread: 0, job: null, hasBegun: false, startedAt: 0, timer: undefined, said: '' };
    processes.add(process);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (process.said.length < KEPT_OUTPUT) process.said += text;
    });
    child.on('message', (message: PlannerReply) => heard(process, message));
    // After 'exit', when all that it said has been read.
    child.once('close', (code, signal) => died(process, signal ?? `exit code ${code ?? 'unknown'}`));
    child.once('error', (error) => died(process, error.message));
    for (const [sdl, supergraph] of supergraphs) teach(process, sdl, supergraph);
    hold(process);
  }

  function heard(process: PlannerProcess, message: PlannerReply): void {
    if ('supergraph' in message) {
      if (message.error !== null) unreadable.set(message.supergraph, message.error);
      process.unread -= 1;
      if (process.unread > 0) return;
      process.phase = 'READY';
      const [problem] = unreadable.values();
      for (const waiter of ready) if (problem === undefined) waiter.resolve(); else waiter.reject(new Error(`The planner cannot read the supergraph: ${problem}`));
      ready.clear();
      holdAll();
      return dispatch();
    }
    const { job } = process;
    if (job?.id !== message.id) return;
    if ('begun' in message) return void (process.hasBegun = true);
    free(process);
    deathsInARow = 0;
    if ('plan' in message) {
      measured.plans += 1;
      const plan = JSON.parse(message.plan) as QueryPlan;
      end(job, (waiter) => waiter.resolve(plan));
    } else {
      if (message.failure === 'SLOW') process.phase = 'ENDING';
      ofJob(job, () => log.warn({ operation: job.key, failure: message.failure, said: brief(message.said) }, 'an operation was not planned'));
      fail(job, message.failure);
    }
    dispatch();
  }

  function died(process: PlannerProcess, how: string): void {
    if (!processes.delete(process) || phase === 'DISPOSED') return;
    if (process.phase === 'ENDING') return fill();
    const { job } = process;
    const wasReady = process.phase === 'READY';
    free(process);
    measured.deaths += 1;
    deathsInARow += 1;
    ofJob(job, () => log.warn({ how, operation: job?.key, said: brief(process.said) }, 'a planner process died'));
    if (job) {
      if (process.hasBegun) job.deaths += 1;
      if (OWN_FAULTS.has(how) || job.deaths > 1) fail(job, 'FATAL');
      else if (job.waiters.size === 0) end(job, () => {});
      else again.push(job);
    }
    if (!wasReady && deathsInARow >= MOST_FIRST_DEATHS) {
      for (const waiter of ready) waiter.reject(new Error(`The planner does not start (${how}): ${brief(process.said)}`));
      ready.clear();
    }
    const failures = deathsInARow - 1;
    if (failures === 0) fill();
    else restart ??= setTimeout(fill, backOff(failures, wasReady ? MOST_DEATH_WAIT_MS : MOST_START_WAIT_MS));
    dispatch();
  }

  function fill(): void {
    restart = undefined;
    while (processes.size < size) start();
  }

  function run(): void {
    if (phase === 'IDLE') {
      phase = 'RUNNING';
      fill();
    }
    holdAll();
  }

  /** Takes the job from a process, which has ended it or died of it. */
  function free(process: PlannerProcess): void {
    clearTimeout(process.timer);
    if (process.job) process.job.planningMs += performance.now() - process.startedAt;
    process.job = null;
  }

  function dispatch(): void {
    for (const process of processes) {
      if (process.phase !== 'READY' || process.job) continue;
      const job = again.shift() ?? next();
      if (!job) return;
      process.job = job;
      process.hasBegun = false;
      process.startedAt = performance.now();
      // Its answer may lie in the pipe when this process was stopped for a while: it is read before the timer is believed.
      process.timer = setTimeout(() => setImmediate(() => {
        if (process.job === job) process.child.kill('SIGKILL');
      }), bounds.silentMs);
      send(process, job.request);
    }
  }

  function next(): Job | null {
    const taken = queue.take();
    if (!taken) return null;
    const { job, caller } = taken;
    job.phase = 'TAKEN';
    job.caller = caller;
    measured.waitedSeconds += (performance.now() - job.askedAt) / 1000;
    return job;
  }

  /** The end of a job, told to all who wait for it. */
  function end(job: Job, tell: (waiter: Waiter) => void): void {
    jobs.delete(job.key);
    if (job.caller !== null) queue.done(job.caller, job.planningMs);
    measured.planningSeconds += job.planningMs / 1000;
    for (const waiter of job.waiters) tell(waiter);
    job.waiters.clear();
    holdAll();
  }

  function fail(job: Job, reason: Reason): void {
    measured.failures += 1;
    unplannable.set(job.key, { reason, until: performance.now() + bounds.rememberedMs });
    if (unplannable.size > bounds.remembered) unplannable.delete(unplannable.keys().next().value ?? job.key);
    end(job, (waiter) => waiter.reject(errorOf(reason, bounds)));
  }

  function reasonFor(key: string): Reason | null {
    const known = unplannable.get(key);
    if (!known) return null;
    if (performance.now() < known.until) return known.reason;
    unplannable.delete(key);
    return null;
  }

  const tooMany = (): GraphQLError => {
    measured.refusals += 1;
    const most = `at most ${bounds.perCaller} new operations at once`;
    return clientError('RATE_LIMITED', `Too many of your operations that were not asked before wait to be planned: there may be ${most}.`, { expected: most, retryable: true });
  };

  /** A job of a caller made room for another one of the same. */
  function displace(job: Job, caller: string): void {
    for (const waiter of job.waiters) {
      if (waiter.caller !== caller) continue;
      job.waiters.delete(waiter);
      waiter.reject(tooMany());
    }
    if (job.waiters.size === 0) end(job, () => {});
  }

  function leave(job: Job, waiter: Waiter): void {
    job.waiters.delete(waiter);
    if (job.phase === 'TAKEN') return; // it goes on, and holds its caller's turn
    if (![...job.waiters].some(({ caller }) => caller === waiter.caller)) queue.leave(waiter.caller, job);
    if (job.waiters.size === 0) end(job, () => {});
  }

  return {
    measured,
    waiting: () => queue.length,
    remembered: () => unplannable.size,
    processes: () =>
      [...processes].flatMap(({ phase: at, child: { pid }, job, hasBegun }) => (at === 'READY' && pid !== undefined ? [{ pid, isPlanning: job !== null && hasBegun }] : [])),
    open(sdl) {
      let supergraph = supergraphs.get(sdl);
      if (supergraph === undefined) {
        supergraphs.set(sdl, (supergraph = supergraphs.size));
        for (const process of processes) teach(process, sdl, supergraph);
      }
      const number = supergraph;
      return {
        plan(text, operationName, { caller, signal }) {
          return new Promise((resolve, reject) => {
            if (phase === 'DISPOSED') throw new Error('The planner pool was disposed.');
            signal?.throwIfAborted();
            const key = createHash('sha256').update(JSON.stringify([number, operationName, text])).digest('base64url');
            const reason = reasonFor(key);
            if (reason) throw errorOf(reason, bounds);
            let job = jobs.get(key);
            if (!job) {
              const id = (lastId += 1);
              job = { id, scope: currentScope(), key, request: { id, supergraph: number, text, operationName, cpuMs: bounds.cpuMs }, bytes: Buffer.byteLength(text), askedAt: performance.now(), waiters: new Set(), phase: 'WAITING', caller: null, planningMs: 0, deaths: 0 };
            }
            if (job.phase === 'WAITING') {
              const added = queue.add(caller, job);
              if (!added) throw tooMany();
              if (added.displaced) displace(added.displaced, caller);
            }
            jobs.set(key, job);
            const own = job;
            const stop = (): void => {
              leave(own, waiter);
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
            run();
            dispatch();
          });
        },
      };
    },
    async ready() {
      if ([...processes].some((process) => process.phase === 'READY')) return;
      const started = Promise.withResolvers<void>();
      ready.add(started);
      run();
      return started.promise;
    },
    async [Symbol.asyncDispose]() {
      phase = 'DISPOSED';
      clearTimeout(restart);
      const ending = [...processes].map(async (process) => {
        clearTimeout(process.timer);
        const { child } = process;
        child.ref();
        await new Promise<void>((resolve) => {
          child.once('close', () => resolve());
          child.kill('SIGKILL');
        });
      });
      for (const job of jobs.values()) end(job, (waiter) => waiter.reject(new Error('The planner pool was disposed.')));
      await Promise.all(ending);
    },
  };
}

/** What is logged of a job is of the request that it was made for. */
function ofJob(job: Job | null, tell: () => void): void {
  if (job?.scope) inScope(job.scope, tell);
  else tell();
}

/** The first words of what a process said, on one line. A panic's first line is its place in the planner's source, its second what was wrong. */
const brief = (said: string): string => said.trim().replace(/\s+/g, ' ').slice(0, LOGGED_OUTPUT);
