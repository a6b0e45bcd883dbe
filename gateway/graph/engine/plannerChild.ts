import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { PlanJob } from './planJobs.ts';
import type { PlannerReply, PlannerRequest } from './plannerProcess.ts';

/** A planner process, from the side of the gateway. */
export interface PlannerChild {
  readonly process: ChildProcess;
  /** `ENDING`: it has given up on a text, and ends. */
  phase: 'STARTING' | 'READY' | 'ENDING';
  /** Supergraphs sent and not read yet. */
  unread: number;
  job: PlanJob | null;
  /** It has read the text: if it dies now, the text may be the reason. */
  hasBegun: boolean;
  startedAt: number;
  timer: NodeJS.Timeout | undefined;
  /** The beginning of its stderr. */
  output: string;
}

const ENTRY = join(import.meta.dirname, 'plannerProcess.ts');
const KEPT_OUTPUT = 4096;
const LOGGED_OUTPUT = 300;

export interface PlannerListener {
  readonly onReply: (child: PlannerChild, reply: PlannerReply) => void;
  /** At the end of the process, or for each failure of it. @param how a signal, an exit code or a message */
  readonly onEnd: (child: PlannerChild, how: string) => void;
}

/** Forks a planner process, which knows no supergraph yet. */
export function startPlanner({ onReply, onEnd }: PlannerListener): PlannerChild {
  const process = fork(ENTRY, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {}, // it needs none, so that no key of the gateway's is in it
    execArgv: [],
  });
  const child: PlannerChild = {
    process,
    phase: 'STARTING',
    unread: 0,
    job: null,
    hasBegun: false,
    startedAt: 0,
    timer: undefined,
    output: '',
  };
  process.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (child.output.length < KEPT_OUTPUT) child.output += text;
  });
  process.on('message', (reply: PlannerReply) => onReply(child, reply));
  // After 'exit', when all its output has been read.
  process.once('close', (code, signal) => onEnd(child, signal ?? `exit code ${code ?? 'unknown'}`));
  process.once('error', (error) => onEnd(child, error.message));
  return child;
}

function send({ process }: PlannerChild, request: PlannerRequest): void {
  // A process that has just died is reported by 'close'.
  process.send(request, () => {});
}

/** Lets it read a supergraph; it plans nothing meanwhile. */
export function teach(child: PlannerChild, sdl: string, supergraph: number): void {
  child.unread += 1;
  child.phase = 'STARTING';
  send(child, { supergraph, sdl });
}

/** Lets it plan a text. If it is silent for so long, it is killed. */
export function assign(child: PlannerChild, job: PlanJob, silentMs: number): void {
  child.job = job;
  child.hasBegun = false;
  child.startedAt = performance.now();
  // Its answer may be in the pipe when this process was stopped for a while: it is read before the timer counts.
  child.timer = setTimeout(
    () =>
      setImmediate(() => {
        if (child.job === job) child.process.kill('SIGKILL');
      }),
    silentMs,
  );
  send(child, job.request);
}

/** Takes the job from a process that has ended it or died of it. */
export function free(child: PlannerChild): void {
  clearTimeout(child.timer);
  if (child.job) child.job.planningMs += performance.now() - child.startedAt;
  child.job = null;
}

/** Whether it keeps the gateway's own process alive. */
export function hold({ process }: PlannerChild, isAwaited: boolean): void {
  for (const handle of [process, process.channel, process.stderr as Socket | null])
    if (isAwaited) handle?.ref();
    else handle?.unref();
}

/** Kills it, and resolves when it has ended. */
export async function kill({ process, timer }: PlannerChild): Promise<void> {
  clearTimeout(timer);
  process.ref();
  await new Promise<void>((resolve) => {
    process.once('close', () => resolve());
    process.kill('SIGKILL');
  });
}

/**
 * The beginning of a process's output, on one line. A panic's first line is its place in the planner's source, its
 * second the reason.
 */
export const brief = (output: string): string => output.trim().replace(/\s+/g, ' ').slice(0, LOGGED_OUTPUT);
