import { releasedRules, type RuleSet } from '#standards/ruleSets.ts';
import type { Pool } from '#kit/postgres/pool.ts';
import { keptLog } from '#test/support/logs.ts';
import { createRuleStore } from './ruleStore.ts';

const added: RuleSet = {
  id: 'ADDED',
  kind: 'PUBLICATION_DUTY',
  name: '示例',
  source: '示例',
  effectiveFrom: '2026-12-01',
  effectiveTo: null,
  region: null,
  values: { MANDATORY: [3, 'WORKING_DAYS'] },
};
const rows = {
  add: { id: '1', approvalNo: 1, action: 'ADD', ruleSet: 'ADDED', definition: added },
  end: { id: '2', approvalNo: 2, action: 'END', ruleSet: 'NDRC-424', definition: { effectiveTo: '2027-01-01' } },
};

/**
 * A database that returns the decisions that the test prepares and counts its queries. `first` makes them until the
 * test sets another function.
 */
function opened(first: () => { approvalNo: number }[]) {
  const state = { answer: first, asked: 0, time: 0 };
  const pool = {
    query: async ({ values: [after] }: { values: [number] }) => {
      state.asked += 1;
      const found = state
        .answer()
        .filter(({ approvalNo }) => approvalNo > after)
        .slice(0, 1000);
      return {
        fields: Object.keys(found[0] ?? {}).map((name) => ({ name })),
        rows: found.map((row) => Object.values(row)),
      };
    },
  } as unknown as Pool; // `query` of kit/postgres/pool.ts calls nothing else
  const { log, lines } = keptLog();
  return { state, lines, store: createRuleStore(pool, () => state.time, log) };
}
const gone = (): never => {
  throw new Error('The database does not answer');
};

test('the rules are those of the release until a decision changes them', async () => {
  const { store } = opened(() => []);
  expect(await store.fresh()).toBe(releasedRules);
});

test('a decision is seen after a second, and the rules are one object until another is', async () => {
  const { state, store } = opened(() => []);
  await store.fresh();
  state.answer = () => [rows.add, rows.end];
  state.time = 999;
  expect(await store.fresh()).toBe(releasedRules);
  state.time = 1000;
  const changed = await store.fresh();
  expect(changed.sets).toEqual([
    ...releasedRules.sets.map((set) => (set.id === 'NDRC-424' ? { ...set, effectiveTo: '2027-01-01' } : set)),
    added,
  ]);
  state.time = 2000;
  expect(await store.fresh()).toBe(changed);
  expect(state.asked).toBe(3);
});

test('however many decisions there were, the last ones count', async () => {
  const many = Array.from({ length: 10_000 }, (_, index) => ({
    ...rows.add,
    id: `add ${index}`,
    approvalNo: index + 1,
    definition: { ...added, id: `ADDED-${index}` },
  }));
  const { store } = opened(() => [...many, { ...rows.end, approvalNo: 10_001 }]);
  const { sets } = await store.fresh();
  expect([sets.length, sets.at(-1)?.id, sets.find(({ id }) => id === 'NDRC-424')?.effectiveTo]).toEqual([
    releasedRules.sets.length + 10_000,
    'ADDED-9999',
    '2027-01-01',
  ]);
});

test('all who ask at the same time are served by one statement', async () => {
  const { state, store } = opened(() => [rows.add]);
  const [first, ...others] = await Promise.all([store.fresh(), store.fresh(), store.fresh()]);
  expect(others).toEqual([first, first]);
  await store.fresh();
  expect(state.asked).toBe(1);
});

test('while the database does not answer the last rules go on; without any there is no guess', async () => {
  const { state, lines, store } = opened(gone);
  await expect(store.fresh()).rejects.toThrow('does not answer');
  state.answer = () => [rows.add];
  const known = await store.fresh();
  state.time = 5000;
  state.answer = gone;
  expect([await store.fresh(), await store.fresh()]).toEqual([known, known]);
  expect(state.asked).toBe(3);
  state.answer = () => [];
  state.time = 5250;
  expect(await store.fresh()).toBe(releasedRules);
  // For each of the two outages, one line when it began and one when it was over.
  expect(lines().map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
    'warn: the rules could not be read; those that are known go on',
    'info: the rules can be read again',
    'warn: the rules could not be read; those that are known go on',
    'info: the rules can be read again',
  ]);
});
