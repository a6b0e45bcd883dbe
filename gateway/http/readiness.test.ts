import type { SourceState } from '#gateway/graph/sources.ts';
import { createReadiness, type Part } from './readiness.ts';

const source = (name: string, state: SourceState['state'] = 'IN_TIME'): SourceState => ({
  source: name,
  state,
  knownThrough: '2026-11-29T00:00:00.000Z',
  lateUnits: ['91330000MA27X00000'],
});

function arrange(
  options: {
    states?: readonly SourceState[];
    parts?: Record<string, () => Part>;
    refresh?: () => Promise<unknown>;
  } = {},
) {
  let clock = 0;
  let looked = 0;
  const refresh = async (): Promise<void> => {
    looked += 1;
    await options.refresh?.();
  };
  const ready = createReadiness({
    refresh,
    sources: () => options.states ?? [source('entity'), source('namelist')],
    parts: options.parts ?? {},
    clockMs: () => clock,
  });
  return { ready, looked: () => looked, move: (ms: number) => void (clock += ms) };
}

test('all is well, and which units are late is nobody’s business', async () => {
  expect(await arrange({ parts: { log: () => ({ state: 'ok' }) } }).ready()).toEqual({
    status: 'ok',
    unavailable: [],
    knownThrough: { entity: '2026-11-29T00:00:00.000Z', namelist: '2026-11-29T00:00:00.000Z' },
    log: { state: 'ok' },
  });
});

test('it names what is degraded; without any source it is unavailable', async () => {
  expect(
    await arrange({ states: [source('entity', 'UNAVAILABLE'), source('namelist', 'LATE')] }).ready(),
  ).toMatchObject({ status: 'degraded', unavailable: ['entity'] });
  expect(await arrange({ states: [source('entity', 'UNAVAILABLE')] }).ready()).toMatchObject({
    status: 'unavailable',
    unavailable: ['entity'],
  });
  expect(await arrange({ parts: { log: () => ({ state: 'degraded' }) } }).ready()).toMatchObject({
    status: 'degraded',
    log: { state: 'degraded' },
  });
});

test('a part without a state and a refresh that fails are reported, not thrown', async () => {
  const parts = {
    grants: (): Part => {
      throw new Error('postgresql://secret@10.0.0.7');
    },
  };
  const answer = await arrange({ parts, refresh: () => Promise.reject(new Error('down')) }).ready();
  expect(answer).toMatchObject({ status: 'degraded', grants: { state: 'unavailable' } });
  expect(JSON.stringify(answer)).not.toContain('10.0.0.7');
});

test('a thousand concurrent calls are one refresh, and so are calls within a quarter of a second', async () => {
  const { ready, looked, move } = arrange();
  await Promise.all(Array.from({ length: 1000 }, ready));
  move(249);
  await ready();
  expect(looked()).toBe(1);
  move(1);
  await ready();
  expect(looked()).toBe(2);
});

test('what hangs is not waited for', async () => {
  const { ready } = arrange({ refresh: () => new Promise(() => {}) });
  expect(await ready()).toMatchObject({ status: 'ok' });
});
