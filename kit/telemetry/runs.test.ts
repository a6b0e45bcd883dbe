import { startPublicationCalendar } from '#records/publicationCalendar.ts';
import { startSweeping } from '#records/retention.ts';
import { createMetrics } from './metrics.ts';
import { dailyWorks, measureRuns } from './runs.ts';
import { keptLog } from '#test/support/logs.ts';
import { valueOf } from '#test/support/metrics.ts';
import { until } from '#test/support/until.ts';

// What subgraphs do once a day, and what is reported when it fails. test/graph/time/retention.test.ts and
// test/graph/changes/days.test.ts test the work itself.

const start = Date.parse('2026-11-29T08:00:00Z');
const DAY = 24 * 60 * 60_000;
const soon = { firstMs: 1, everyMs: 1 };

/** Work that fails for as long as the test wants, at a time that stands still until it is moved. */
function arrange() {
  const { log, lines } = keptLog();
  const metrics = createMetrics();
  const work = { calls: 0, isBroken: false, result: 0, held: Promise.resolve() };
  let at = start;
  const now = (): Date => new Date(at);
  const runs = measureRuns(metrics, dailyWorks, ['entity', 'namelist'], now);
  return {
    work,
    lines,
    daily: { schema: 'entity' as const, now, log, metrics: runs },
    move: (ms: number) => void (at += ms),
    metric: async (name: string, labels: Record<string, string> = {}) =>
      valueOf(await metrics.text(), name, { schema: 'entity', ...labels }),
    text: () => metrics.text(),
    async run(): Promise<number> {
      work.calls += 1;
      await work.held;
      if (work.isBroken) throw new Error('the database is away');
      return work.result;
    },
  };
}

describe.each([
  {
    work: 'retention',
    began: 'erasing what is no longer kept failed; it is tried again each hour',
    over: 'what is no longer kept is erased again',
    begin: (run: () => Promise<number>, { daily }: ReturnType<typeof arrange>) => startSweeping(run, daily, soon),
  },
  {
    work: 'publication_days',
    began: 'what began or ended to be published could not be delivered; it is tried again each minute',
    over: 'what begins or ends to be published is delivered again',
    begin: (run: () => Promise<number>, { daily }: ReturnType<typeof arrange>) =>
      startPublicationCalendar(run, daily, 1),
  },
])('$work', ({ work: name, began, over, begin }) => {
  test('a good run is counted with its time, and is the only one of its day', async () => {
    const world = arrange();
    using running = begin(world.run, world);
    expect(running).toBeDefined();
    const done = (): Promise<number> => world.metric('background_runs_total', { work: name, outcome: 'ok' });
    await until('it has run', async () => (await done()) === 1);
    expect(await world.metric('background_last_success_timestamp_seconds', { work: name })).toBe(start / 1000);
    world.move(DAY);
    await until('it has run on the next day', async () => (await done()) === 2);
    expect(await world.metric('background_last_success_timestamp_seconds', { work: name })).toBe((start + DAY) / 1000);
    expect([world.work.calls, world.lines()]).toEqual([2, []]);
  });

  test('a failing run is counted and retried; one line logs the failure, one the recovery, and no more', async () => {
    const world = arrange();
    world.work.isBroken = true;
    using running = begin(world.run, world);
    expect(running).toBeDefined();
    await until(
      'it has failed again and again',
      async () => (await world.metric('background_runs_total', { work: name, outcome: 'failed' })) >= 3,
    );
    expect(await world.text()).not.toMatch(/^credit_graph_background_last_success_timestamp_seconds\{/m);
    expect(world.lines()).toEqual([
      {
        level: 'error',
        msg: began,
        work: name,
        schema: 'entity',
        err: expect.objectContaining({ message: 'the database is away' }),
      },
    ]);
    world.work.isBroken = false;
    await until(
      'it works',
      async () => (await world.metric('background_runs_total', { work: name, outcome: 'ok' })) > 0,
    );
    expect(world.lines().slice(1)).toEqual([
      { level: 'info', msg: over, work: name, schema: 'entity', failures: world.work.calls - 1, seconds: 0 },
    ]);
    expect(await world.metric('background_last_success_timestamp_seconds', { work: name })).toBe(start / 1000);
    expect(await world.metric('background_runs_total', { work: name, schema: 'namelist' })).toBe(0);
  });

  test('one that takes long is not begun again beside itself', async () => {
    const world = arrange();
    const held = Promise.withResolvers<void>();
    world.work.held = held.promise;
    world.work.isBroken = true;
    using running = begin(world.run, world);
    expect(running).toBeDefined();
    await until('it has begun', () => world.work.calls === 1);
    {
      // Another worker with the same timer, which is started again and again meanwhile.
      let begun = 0;
      using other = begin(() => Promise.reject(new Error(String((begun += 1)))), arrange());
      expect(other).toBeDefined();
      await until('the other has begun many times', () => begun >= 10);
    }
    expect(world.work.calls).toBe(1);
    held.resolve();
    await until('it is tried again', () => world.work.calls >= 2);
  });
});
