import { sampleOf as sampleOfRows, type SampledName } from './nameSample.ts';
import { rareBigrams } from './search.ts';

const rowOf = (name: string): SampledName => ({ name, kind: 'ENTERPRISE', province: '33', status: 'ACTIVE' });
const sampleOf = (names: readonly string[], fraction: number) => sampleOfRows(names.map(rowOf), fraction);
const none = { province: null, kinds: null, statuses: null };

const names = ['杭州甲乙科技有限公司', '杭州丙丁科技有限公司', '北京戊己贸易有限公司', '北京庚辛贸易有限公司'];

test('a sample tells how many names of the register bear a text', () => {
  const sample = sampleOf(names, 0.001);
  expect([sample.matches('有限公司'), sample.matches('科技'), sample.matches('壬癸')]).toEqual([4000, 2000, 0]);
  expect([sample.bearers('科技'), sample.bearers('壬癸')]).toEqual([2000, 0]);
});

test('a text in names of one place late in the order is far, unless the page begins after that place', () => {
  const register = [
    ...Array.from({ length: 99 }, (_, index) => `北京${String(index).padStart(2, '0')}公司`),
    ...Array.from({ length: 900 }, (_, index) => `杭州${index}公司`),
  ];
  const sample = sampleOf(register, 1);
  expect(sample.shortestWalk('公司', '', 20, none).rows).toBe(20);
  expect(sample.shortestWalk('杭州', '', 20, none).rows).toBeGreaterThan(110);
  expect(sample.shortestWalk('杭州', '北京98公司', 20, none).rows).toBeLessThan(25);
});

test('names alike are looked for by the rarest bigrams, and not at all by frequent ones', () => {
  const sample = sampleOf(names, 0.003);
  expect(rareBigrams('杭州甲已科技有限公司', sample)).toEqual(['甲已', '已科', '州甲']);
  expect(rareBigrams('科技有限公司', sample)).toEqual([]);
});

test('at most five bigrams are looked for, whatever the length', () => {
  expect(rareBigrams('壬癸子丑寅卯辰巳', sampleOf(names, 1))).toHaveLength(5);
});

test('a query of three characters has too few bigrams to be like anything', () => {
  expect(rareBigrams('壬癸子', sampleOf(names, 1))).toEqual([]);
});

test('under a rare filter the walk is through the names in the filter, under a common one through all', () => {
  const register = Array.from({ length: 4000 }, (_, index) => ({
    ...rowOf(`某某${index}有限公司`),
    status: index % 400 === 0 ? 'REVOKED' : 'ACTIVE',
    kind: index % 2 === 0 ? 'ENTERPRISE' : 'ORGANISATION',
  }));
  const sample = sampleOfRows(register, 0.01);
  const walkOf = (filter: { readonly statuses?: readonly string[]; readonly kinds?: readonly string[] }) =>
    sample.shortestWalk('有限公司', '', 20, { ...none, ...filter });
  expect(walkOf({ statuses: ['REVOKED'] })).toEqual({ walk: 'status', rows: 20 });
  expect(walkOf({ statuses: ['CANCELLED'] })).toEqual({ walk: 'status', rows: 50 });
  expect(walkOf({ statuses: ['CANCELLED'], kinds: ['ENTERPRISE'] })).toEqual({ walk: 'status', rows: 50 });
  expect(walkOf({ statuses: ['ACTIVE', 'REVOKED'] })).toEqual({ walk: 'all', rows: 20 });
  expect(sample.shortestWalk('没有', '', 20, { ...none, statuses: ['REVOKED'] })).toEqual({
    walk: 'status',
    rows: 1000,
  });
});
