import { Agent } from 'node:http';
import { performance } from 'node:perf_hooks';
import { percentile, send } from '#test/hostile/attack.ts';
import { corpus, type HostileRequest, USCC } from '#test/hostile/corpus.ts';
import { codeOf } from '#test/bench/files/dataset.ts';
import { serveBench } from '#test/bench/worker.ts';

// One who wishes the gateway ill, from one address: hostile requests at a rate that does not wait for answers.

export type Task =
  /** Each of them so often, one after the other. */
  | { readonly task: 'repeat'; readonly url: string; readonly index: number; readonly times: number }
  | { readonly task: 'begin'; readonly url: string; readonly indices: readonly number[]; readonly perSecond: number }
  | { readonly task: 'end' };

export interface Attacked {
  readonly sent: number;
  /** How often each status was answered; 0 where none was. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds until the whole answer was there. */
  readonly p99: number;
}

/** Of a company that has records. */
const known = (body: string): string => body.replaceAll(USCC, codeOf(1));

/** The corpus about a company of the bench's own. */
const requests: readonly HostileRequest[] = corpus.map(({ bodyOf, ...request }) => ({
  ...request,
  ...(typeof request.body === 'string' ? { body: known(request.body) } : null),
  ...(bodyOf ? { bodyOf: (time: number) => known(bodyOf(time)) } : null),
}));

const agent = new Agent({ keepAlive: true });
const sentBefore = new Map<number, number>();

async function sendOnce(url: string, index: number): Promise<{ status: number; ms: number }> {
  const time = sentBefore.get(index) ?? 0;
  sentBefore.set(index, time + 1);
  return send(url, requests[index] as HostileRequest, agent, time).catch(() => ({ status: 0, ms: 10_000 })); // indices are the corpus's own
}

let attack: { readonly timer: NodeJS.Timeout; readonly answers: Promise<{ status: number; ms: number }>[] } | null =
  null;

function begin(url: string, indices: readonly number[], perSecond: number): void {
  const answers: Promise<{ status: number; ms: number }>[] = [];
  const began = performance.now();
  // What a late timer missed is sent with the next: so many a second it is.
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) * perSecond) / 1000);
    while (answers.length < due) answers.push(sendOnce(url, indices[answers.length % indices.length] as number));
  }, 1000 / perSecond);
  attack = { timer, answers };
}

async function end(): Promise<Attacked> {
  clearInterval(attack?.timer);
  const answers = await Promise.all(attack?.answers ?? []);
  attack = null;
  const statuses: Record<string, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    sent: answers.length,
    statuses,
    p99: percentile(
      answers.map(({ ms }) => ms),
      0.99,
    ),
  };
}

serveBench(null, async (given): Promise<Attacked | null> => {
  const task = given as Task; // sent by rows.ts alone
  if (task.task === 'end') return end();
  if (task.task === 'begin') begin(task.url, task.indices, task.perSecond);
  else for (let time = 0; time < task.times; time += 1) await sendOnce(task.url, task.index);
  return null;
});
