import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { silentLog } from '#kit/log.ts';
import { dearText } from '#test/support/dear.ts';
import { until } from '#test/support/until.ts';
import type { PlannerBounds } from './plannerBounds.ts';
import { createPlannerPool } from './plannerPool.ts';

// Real planner processes over the real supergraph, and texts on which this version of the planner panics.

const supergraph = readFileSync(join(import.meta.dirname, '../../supergraph.graphql'), 'utf8');
const E1 = '{ record(id: "x") { subject { name name: name } } }';
const E2 =
  '{record(id:"x"){...on VoluntaryItem{subject{creditFile{nameListEntries(first:1){nodes{id}}}}}' +
  '...on CreditCommitment{subject{creditFile{nameListEntries(first:2){nodes{id}}}}}}}';
const dear = (n: number): string => dearText(n, 6);
const quick = (n: number): string => `{ a${n}: sourceStatus { source } }`;

type Pool = Awaited<ReturnType<typeof open>>['pool'];
const pids = (pool: Pool): number[] => pool.processes().map(({ pid }) => pid);
const planning = (pool: Pool): Promise<number> =>
  until('a text is under way', () => pool.processes().find(({ isPlanning }) => isPlanning)?.pid ?? null);

const pools = new AsyncDisposableStack();
afterAll(() => pools.disposeAsync());

async function open(size: number, bounds: Partial<PlannerBounds> = {}) {
  const pool = pools.use(createPlannerPool({ size, log: silentLog, bounds }));
  const maker = pool.open(supergraph);
  await pool.ready();
  /** `'PLAN'`, or the code of the refusal. */
  const ask = (text: string, caller = 'a', signal?: AbortSignal): Promise<string> =>
    maker.plan(text, undefined, { caller, signal }).then(
      ({ kind }) => (kind === 'QueryPlan' ? 'PLAN' : kind),
      (error: { extensions?: { code: string }; message: string }) => error.extensions?.code ?? error.message,
    );
  return { pool, maker, ask };
}

test('a text on which the planner panics fails with a code, each time, and others are planned meanwhile', async () => {
  const { pool, ask } = await open(2);
  for (const [index, text] of [E1, E2].entries()) {
    const { deaths } = pool.measured;
    expect(await ask(text)).toBe('QUERY_PLANNING_FAILED');
    expect(pool.measured.deaths).toBe(deaths + 1);
    const begun = performance.now();
    // Remembered: no second process dies of it.
    expect(await ask(text)).toBe('QUERY_PLANNING_FAILED');
    expect(await ask(quick(index))).toBe('PLAN');
    const planned = performance.now();
    expect(pool.measured.deaths).toBe(deaths + 1);
    await until('the dead one is replaced', () => pool.processes().length === 2);
    const [plannedMs, replacedMs] = [planned, performance.now()].map((at) => Math.round(at - begun));
    process.stdout.write(
      `a process died of a text: the next text was planned after ${plannedMs} ms, ` +
        `a new process was there after ${replacedMs} ms\n`,
    );
  }
  expect(pool.remembered()).toBe(2);
});

test('SIGABRT while it plans is an answer with a code, and the next text is planned', async () => {
  const { pool, ask } = await open(1);
  const answer = ask(dear(100));
  process.kill(await planning(pool), 'SIGABRT');
  expect(await answer).toBe('QUERY_PLANNING_FAILED');
  expect(await ask(quick(1))).toBe('PLAN');
});

test('a text is planned after all by another process when its own was killed from outside', async () => {
  const { pool, ask } = await open(2);
  const killed = pids(pool);
  const answer = ask(dear(200));
  await planning(pool);
  // Both at once, so that the text may be sent to a dead process, which proves nothing against the text.
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  expect(await answer).toBe('PLAN');
  expect(pids(pool).filter((pid) => killed.includes(pid))).toEqual([]);
  expect(pool.remembered()).toBe(0);
});

test('a text under which two processes died is not tried again', async () => {
  const { pool, ask } = await open(1);
  const answer = ask(dear(300));
  const first = await planning(pool);
  process.kill(first, 'SIGKILL');
  const second = await until(
    'another process plans it',
    () => pool.processes().find(({ pid, isPlanning }) => isPlanning && pid !== first)?.pid ?? null,
  );
  process.kill(second, 'SIGKILL');
  expect(await answer).toBe('QUERY_PLANNING_FAILED');
  expect(await ask(dear(300))).toBe('QUERY_PLANNING_FAILED');
  expect(pool.measured.deaths).toBe(2);
});

test('a text that takes too long is COST_LIMIT, remembered for a time, and its process goes', async () => {
  const { pool, ask } = await open(1, { cpuMs: 100, rememberedMs: 0 });
  const [pid] = pids(pool);
  expect(await ask(dear(400))).toBe('COST_LIMIT');
  expect(await ask(quick(1))).toBe('PLAN');
  expect(pids(pool)).not.toContain(pid);
  expect(pool.measured).toMatchObject({ deaths: 0, failures: 1 });
  // The time is over, so it is tried again.
  expect(await ask(dear(400))).toBe('COST_LIMIT');
  expect(pool.measured.failures).toBe(2);
});

test('a silent process is ended, and its request is answered by another one', async () => {
  const { pool, ask } = await open(1, { silentMs: 2000 });
  for (const pid of pids(pool)) process.kill(pid, 'SIGSTOP');
  expect(await ask(quick(1))).toBe('PLAN');
  expect(pool.measured.deaths).toBe(1);
});

test('a text that the planner refuses is no end of its process, and a plan that is too large none either', async () => {
  const { pool, ask } = await open(1);
  expect(await ask('{ nothing }')).toBe('QUERY_PLANNING_FAILED');
  expect(await ask('{ not GraphQL')).toBe('QUERY_PLANNING_FAILED');
  expect(pool.measured).toMatchObject({ deaths: 0, failures: 2 });
});

test('24 dear texts of one caller delay another’s next text and its own short one by at most one of them', async () => {
  const { pool, ask } = await open(2);
  const order: string[] = [];
  const leaving = new AbortController();
  const asked = (name: string, text: string, caller: string, signal?: AbortSignal): Promise<string> =>
    ask(text, caller, signal).then((outcome) => (order.push(name), outcome));
  const hog = Array.from({ length: 24 }, (_, n) => asked('dear', dear(500 + n), 'hog', leaving.signal));
  await turn();
  expect(pool.waiting()).toBe(16);
  const others = [asked('other', quick(1), 'other'), asked('third', quick(2), 'third')];
  const short = asked('short', quick(3), 'hog');
  expect(await Promise.all(others)).toEqual(['PLAN', 'PLAN']);
  // 24 and a short one: one in progress, 16 wait, 8 are refused at once because there are too many.
  expect(order.toSorted()).toEqual([...Array.from({ length: 8 }, () => 'dear'), 'other', 'third']);
  expect(await short).toBe('PLAN');
  expect(order.filter((name) => name === 'dear')).toHaveLength(9);
  // A caller that disconnects removes its texts; the one in progress is its last.
  leaving.abort(new Error('left'));
  expect(pool.waiting()).toBe(0);
  const outcomes = await Promise.all(hog);
  expect(outcomes.filter((outcome) => outcome === 'RATE_LIMITED')).toHaveLength(8);
  expect(outcomes.filter((outcome) => outcome === 'left').length).toBeGreaterThanOrEqual(14);
  expect(pool.measured.plans).toBeLessThanOrEqual(5);
});

test('equal texts are planned once, and a caller that leaves does not cancel the plan of others', async () => {
  const { pool, maker, ask } = await open(1);
  const busy = ask(dear(600), 'hog');
  const leaving = new AbortController();
  const left = ask(quick(1), 'a', leaving.signal);
  const [one, other] = [
    maker.plan(quick(1), undefined, { caller: 'a' }),
    maker.plan(quick(1), undefined, { caller: 'b' }),
  ];
  leaving.abort(new Error('left'));
  expect(await left).toBe('left');
  expect(await one).toBe(await other);
  expect(await busy).toBe('PLAN');
  expect(pool.measured.plans).toBe(2);
});

test('a supergraph that the planner cannot read is said at once', async () => {
  const pool = pools.use(createPlannerPool({ size: 1, log: silentLog }));
  const maker = pool.open('type Query {');
  await expect(pool.ready()).rejects.toThrow(/cannot read the supergraph/);
  await expect(maker.plan('{ a }', undefined, { caller: 'a' })).rejects.toMatchObject({
    extensions: { code: 'QUERY_PLANNING_FAILED' },
  });
});

test('nothing of it is left when it is disposed', async () => {
  const { pool, ask } = await open(2);
  const [pid = 0] = pids(pool);
  const waiting = ask(dear(700));
  await pool[Symbol.asyncDispose]();
  expect(await waiting).toMatch(/disposed/);
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
});
