import { contradictedBy } from './facts.ts';

test('rows contradict each other in what both state, whatever the spelling', () => {
  const one = { status: 'ACTIVE', name: '示例（杭州）有限公司', fineFen: '200000', categories: ['FINE', 'WARNING'] };
  expect(contradictedBy(one, { status: 'DEREGISTERED', name: '示例(杭州) 有限公司' })).toEqual(['status']);
  expect(contradictedBy(one, { fineFen: '300000', categories: ['WARNING', 'FINE'] })).toEqual(['fineFen']);
  expect(contradictedBy(one, { performedOn: '2026-07-01' })).toEqual([]);
  expect(contradictedBy({ removedOn: null }, { removedOn: '2026-07-01' })).toEqual(['removedOn']);
  expect(contradictedBy({ score: '1.5' }, { score: '15' })).toEqual(['score']);
  expect(contradictedBy(one, one)).toEqual([]);
});
