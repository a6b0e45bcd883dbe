import { createCalendar } from './calendar.ts';
import { publicationTerm } from './publicationTerms.ts';
import { publicationDueDate, type RuleSet, ruleSets, ruleSetsOn } from './ruleSets.ts';

const on = (day: string, kind: string) => ruleSetsOn(day).flatMap(set => (set.kind === kind ? [set.id] : []));

test('a rule set has one id, a source, dates and whole numbers with a unit; those of a kind follow each other in time', () => {
  expect(new Set(ruleSets.map(({ id }) => id)).size).toBe(ruleSets.length);
  for (const { id, kind, name, source, effectiveFrom, effectiveTo, region, values } of ruleSets) {
    expect([id, kind, name, source].every(text => text.length > 0)).toBe(true);
    expect([effectiveFrom, effectiveTo ?? '9999-12-31'].filter(day => !/^\d{4}-\d{2}-\d{2}$/.test(day))).toEqual([]);
    expect(effectiveTo === null || effectiveFrom < effectiveTo).toBe(true);
    expect(region).toBeNull();
    for (const value of Object.values(values)) {
      expect(value).toEqual([expect.any(Number), expect.stringMatching(/^(DAYS|WORKING_DAYS|MONTHS|CLASS_HOURS|GRADES)$/)]);
      expect(Number.isInteger(value[0]) && value[0] >= 0).toBe(true);
    }
  }
  for (const kind of ['PUBLICATION_TERM', 'PUBLICATION_DUTY', 'REPAIR']) {
    const days = ruleSets.filter(set => set.kind === kind).map(({ effectiveFrom }) => effectiveFrom);
    expect(days.length).toBeGreaterThan(1);
    expect(days).toEqual(days.toSorted());
  }
});

test('a rule set acts from its first day to the day before it ends', () => {
  expect(['2020-12-31', '2021-01-01'].map(day => on(day, 'REPAIR'))).toEqual([['NDRC-893'], []]);
  expect(['2023-04-30', '2023-05-01', '2026-03-31', '2026-04-01'].map(day => on(day, 'PUBLICATION_TERM'))).toEqual([['PUBLICATION-2014'], ['NDRC-58'], ['NDRC-58'], ['NDRC-36']]);
  expect(['2026-03-31', '2026-04-01'].map(day => on(day, 'REPAIR'))).toEqual([['NDRC-58-REPAIR', 'STATE-COUNCIL-2025-22'], ['STATE-COUNCIL-2025-22', 'NDRC-36-REPAIR']]);
  expect(['2025-12-24', '2025-12-25'].map(day => on(day, 'MARKET_REPAIR'))).toEqual([[], ['SAMR-107']]);
});

test('the versions of an evaluation scheme are rule sets, with their period and number of grades', () => {
  expect(ruleSetsOn('2026-04-02').find(({ id }) => id === 'PUBLIC_CREDIT-2026')).toMatchObject({ kind: 'EVALUATION', effectiveFrom: '2026-04-02', values: { PERIOD: [12, 'MONTHS'], GRADES: [4, 'GRADES'] } });
  expect(on('2026-04-01', 'EVALUATION')).toContain('PUBLIC_CREDIT-2025');
});

const set = (more: Partial<RuleSet>): RuleSet => ({ id: 'A', kind: 'PUBLICATION_DUTY', name: '示例', source: '示例', effectiveFrom: '2026-01-01', effectiveTo: null, region: null, values: { MANDATORY: [7, 'WORKING_DAYS'] }, ...more });
const pilot = set({ id: 'PILOT', region: '33', values: { MANDATORY: [3, 'WORKING_DAYS'] } });

test('a pilot acts in its region alone', () => {
  const sets = [set({}), pilot];
  expect([null, '44', '33'].map(region => ruleSetsOn('2026-05-06', region, sets).map(({ id }) => id))).toEqual([['A'], ['A'], ['A', 'PILOT']]);
  expect(publicationDueDate('2026-09-18', 'MANDATORY', { sets })).toEqual({ date: '2026-09-29', provisional: false, ruleSet: sets[0] });
});

test('licences and penalties are due within seven working days since 2018-07-25, other acts since 2019-07-09', () => {
  const due = (day: string, duty: 'MANDATORY' | 'PROMOTED') => {
    const found = publicationDueDate(day, duty);
    return found && [found.date, found.provisional, found.ruleSet.id];
  };
  expect([due('2018-07-24', 'MANDATORY'), due('2018-07-25', 'MANDATORY'), due('2019-07-08', 'PROMOTED'), due('2019-07-09', 'PROMOTED')]).toEqual([null, ['2018-08-03', false, 'NDRC-424'], null, ['2019-07-18', false, 'STATE-COUNCIL-35']]);
  expect(due('2026-12-24', 'MANDATORY')).toEqual(['2027-01-04', true, 'NDRC-424']);
  expect(due('9999-12-31', 'MANDATORY')).toBeNull();
});

test('another number in the data gives other dates, from its effective date on', () => {
  const sets = [set({ effectiveTo: '2026-09-18' }), set({ id: 'B', effectiveFrom: '2026-09-18', values: { MANDATORY: [20, 'WORKING_DAYS'] } })];
  expect(['2026-09-17', '2026-09-18'].map(day => publicationDueDate(day, 'MANDATORY', { sets })?.date)).toEqual(['2026-09-28', '2026-10-22']);
  const calendar = createCalendar({ unsettledFrom: '12-25', years: [{ year: 2026, sources: [], off: ['2026-09-21'], work: [] }] });
  expect(publicationDueDate('2026-09-18', 'MANDATORY', { sets: [set({})], calendar })?.date).toBe('2026-09-30');

  const term = (months: number, more: Partial<RuleSet>) => set({ kind: 'PUBLICATION_TERM', values: { TERM_LIMIT: [36, 'MONTHS'], PENALTY_GENERAL: [months, 'MONTHS'] }, ...more });
  const terms = [term(12, { id: 'OLD' }), term(6, { id: 'NEW', effectiveFrom: '2026-09-18' })];
  expect(['2026-09-17', '2026-09-18'].map(day => publicationTerm('PENALTY_GENERAL', day, terms))).toEqual([
    { until: '2027-09-17', latest: '2029-09-17', ruleSet: 'OLD' },
    { until: '2027-03-18', latest: '2029-09-18', ruleSet: 'NEW' },
  ]);
});
