import { penaltyCategories } from './penaltyCategory.ts';
import { isMarketAuthority } from './marketAuthorities.ts';
import {
  addDays,
  addMonths,
  type PenaltyFacts,
  penaltyPublication,
  penaltySeverity,
  publicationTerm,
} from './publicationTerms.ts';
import { createRules, releasedRules, type RuleSet } from './ruleSets.ts';

const facts = (more: Partial<PenaltyFacts> = {}): PenaltyFacts => ({
  decidedOn: '2026-05-06',
  categories: ['FINE'],
  procedure: null,
  fineFen: null,
  region: null,
  isMarket: false,
  ...more,
});

test('a term ends on the same day of a later month, or on that month’s last day', () => {
  expect([
    addMonths('2026-09-18', 12),
    addMonths('2026-01-31', 1),
    addMonths('2023-11-30', 3),
    addMonths('2026-12-31', 36),
    addMonths('1999-11-30', 3),
    addMonths('2026-09-05', 0),
  ]).toEqual(['2027-09-18', '2026-02-28', '2024-02-29', '2029-12-31', '2000-02-29', '2026-09-05']);
});

test('a day after the last of a year is the first of the next', () => {
  expect([addDays('2026-12-31', 1), addDays('2028-02-28', 1)]).toEqual(['2027-01-01', '2028-02-29']);
});

test('no computed day lies after 9999-12-31, which files write for no end', () => {
  expect([addDays('9999-12-31', 1), addMonths('9998-05-01', 36)]).toEqual(['9999-12-31', '9999-12-31']);
});

test('the heaviest category of a penalty decides how grave it is; what no rule tells of is general', () => {
  const severityOf = (categories: readonly string[] | null, decidedOn = '2026-05-06') =>
    penaltySeverity(releasedRules, facts({ categories, decidedOn })).severity;
  expect(
    [['WARNING'], ['WARNING', 'FINE'], ['FINE', 'REVOKE_LICENCE'], ['NO_SUCH'], [], null].map((categories) =>
      severityOf(categories),
    ),
  ).toEqual(['MINOR', 'GENERAL', 'SERIOUS', 'GENERAL', 'GENERAL', 'GENERAL']);
  expect(severityOf(['WARNING'], '1911-01-01')).toBe('MINOR');
  expect(
    ['2026-03-31', '2026-04-01'].map((decidedOn) => penaltySeverity(releasedRules, facts({ decidedOn })).ruleSet.id),
  ).toEqual(['SEVERITY-2014', 'NDRC-36-SEVERITY']);
});

test('every category of penalty has its severity in each rule set of the whole country', () => {
  const codes = penaltyCategories.map(({ code }) => code).toSorted();
  const ofNoCategory = new Set(['SIMPLE_PROCEDURE', 'VERY_LARGE_FINE']);
  for (const { kind, values } of releasedRules.sets)
    if (kind === 'SEVERITY')
      expect(
        Object.keys(values)
          .filter((code) => !ofNoCategory.has(code))
          .toSorted(),
      ).toEqual(codes);
});

test('a rule set changes how grave a penalty is from its first day on, a pilot in its region alone', () => {
  const set = (more: Partial<RuleSet>): RuleSet => ({
    id: 'A',
    kind: 'SEVERITY',
    name: '示例',
    source: '示例',
    effectiveFrom: '2026-09-18',
    effectiveTo: null,
    region: null,
    values: { FINE: [3, 'LEVEL'] },
    ...more,
  });
  const found = (rules: readonly RuleSet[], day: string, region: string | null = null) => {
    const { severity, ruleSet } = penaltySeverity(
      createRules([...releasedRules.sets, ...rules]),
      facts({ categories: ['FINE', 'WARNING'], decidedOn: day, region }),
    );
    return [severity, ruleSet.id];
  };
  expect([found([set({})], '2026-09-17'), found([set({})], '2026-09-18')]).toEqual([
    ['GENERAL', 'NDRC-36-SEVERITY'],
    ['SERIOUS', 'A'],
  ]);
  const pilots = [set({ id: 'PILOT', region: '33' })];
  expect([null, '44', '33'].map((region) => found(pilots, '2026-09-18', region))).toEqual([
    ['GENERAL', 'NDRC-36-SEVERITY'],
    ['GENERAL', 'NDRC-36-SEVERITY'],
    ['SERIOUS', 'PILOT'],
  ]);
});

test('a record is judged by the rule set in force on its day, and its term is counted from that day', () => {
  const term = (kind: Parameters<typeof publicationTerm>[1], day: string) => {
    const { ruleSet, ...days } = publicationTerm(releasedRules, kind, day, null, '2026-11-01');
    return { ...days, ruleSet: ruleSet.id };
  };
  expect(term('COMMITMENT', '2019-06-30')).toEqual({
    starts: '2019-06-30',
    until: '2022-06-30',
    months: 36,
    ruleSet: 'PUBLICATION-2014',
  });
  expect(['2019-07-01', '2023-04-30', '2023-05-01', '2026-04-01'].map((day) => term('COMPLAINT', day).ruleSet)).toEqual(
    ['NDRC-527', 'NDRC-527', 'NDRC-58', 'NDRC-36'],
  );
  expect(term('JUDICIAL', '1911-01-01').ruleSet).toBe('PUBLICATION-2014');
});

const ruled = (values: RuleSet['values'], more: Partial<RuleSet> = {}) =>
  createRules([
    ...releasedRules.sets,
    {
      id: 'OWN',
      kind: 'PUBLICATION_TERM',
      name: '示例',
      source: '示例',
      effectiveFrom: '2026-04-01',
      effectiveTo: null,
      region: null,
      values,
      ...more,
    },
  ]);
const publicationOf = (
  more: Partial<PenaltyFacts>,
  { rules = releasedRules, publishedOn = '2026-09-01', stated = null as string | null, today = '2026-11-29' } = {},
) => {
  const { ruleSet, ...found } = penaltyPublication(rules, facts(more), publishedOn, stated, today);
  return { ...found, ruleSet: ruleSet?.id ?? null };
};

test('a rule set may count from the day of publication, and let publication go on until the duty is performed', () => {
  const day = { decidedOn: '2026-07-01' };
  expect(publicationOf(day, { rules: ruled({ FROM_DECISION: [0, 'FLAG'] }) })).toMatchObject({
    starts: '2026-09-01',
    ends: '2027-09-01',
    ruleSet: 'NDRC-36',
  });
  const goingOn = ruled({ END_NEEDS_PERFORMANCE_GENERAL: [1, 'FLAG'] }, { kind: 'MARKET_REPAIR' });
  expect(
    [false, true].map((isMarket) => publicationOf({ ...day, isMarket }, { rules: goingOn }).endNeedsPerformance),
  ).toEqual([false, true]);
});

test('a later rule set that says so goes first for earlier penalties, once in force and where it ends sooner', () => {
  const earlier = { decidedOn: '2025-09-01', categories: ['FINE'] };
  // By Order 58 a general penalty may be published for three years, by Order 36 for one.
  expect(['2026-03-31', '2026-04-01'].map((today) => publicationOf(earlier, { stated: '2028-01-01', today }))).toEqual([
    expect.objectContaining({ ends: '2028-01-01', rule: null, ruleSet: null }),
    expect.objectContaining({ ends: '2026-09-01', rule: 'MAXIMUM_GENERAL', ruleSet: 'NDRC-36' }),
  ]);
  // The earlier one ends as soon: it stays.
  expect(publicationOf(earlier)).toMatchObject({ ends: '2026-09-01', ruleSet: 'NDRC-58' });
});

test('market authorities are recognised by their names', () => {
  expect(
    ['杭州市市场监督管理局', '示例市监局', '某县工商行政管理局', '杭州市交通运输局', null].map((name) =>
      isMarketAuthority(name),
    ),
  ).toEqual([true, true, true, false, false]);
});
