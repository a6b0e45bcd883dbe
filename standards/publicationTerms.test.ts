import { penaltyCategories } from './penaltyCategory.ts';
import { isMarketAuthority } from './marketAuthorities.ts';
import { addDays, addMonths, endNeedsPerformance, penaltySeverity, publicationTerm } from './publicationTerms.ts';
import { createRules, releasedRules, type RuleSet } from './ruleSets.ts';

test('a term ends on the same day of a later month, or on that month’s last day', () => {
  expect([addMonths('2026-09-18', 12), addMonths('2026-01-31', 1), addMonths('2023-11-30', 3), addMonths('2026-12-31', 36), addMonths('1999-11-30', 3), addMonths('2026-09-05', 0)]).toEqual(['2027-09-18', '2026-02-28', '2024-02-29', '2029-12-31', '2000-02-29', '2026-09-05']);
});

test('a day after the last of a year is the first of the next', () => {
  expect([addDays('2026-12-31', 1), addDays('2028-02-28', 1)]).toEqual(['2027-01-01', '2028-02-29']);
});

test('no computed day lies after 9999-12-31, which files write for no end', () => {
  expect([addDays('9999-12-31', 1), addMonths('9998-05-01', 36)]).toEqual(['9999-12-31', '9999-12-31']);
});

test('the heaviest category of a penalty decides how grave it is; what no rule tells of is general', () => {
  const severityOf = (categories: readonly string[] | null, day = '2026-05-06') => penaltySeverity(releasedRules, categories, day).severity;
  expect([['WARNING'], ['WARNING', 'FINE'], ['FINE', 'REVOKE_LICENCE'], ['NO_SUCH'], [], null].map(categories => severityOf(categories))).toEqual(['MINOR', 'GENERAL', 'SERIOUS', 'GENERAL', 'GENERAL', 'GENERAL']);
  expect(severityOf(['WARNING'], '1911-01-01')).toBe('MINOR');
  expect(['2026-03-31', '2026-04-01'].map(day => penaltySeverity(releasedRules, ['FINE'], day).ruleSet.id)).toEqual(['SEVERITY-2014', 'NDRC-36-SEVERITY']);
});

test('every category of penalty has its severity in each rule set of the whole country', () => {
  const codes = penaltyCategories.map(({ code }) => code).toSorted();
  for (const { kind, values } of releasedRules.sets) if (kind === 'SEVERITY') expect(Object.keys(values).toSorted()).toEqual(codes);
});

test('a rule set changes how grave a penalty is from its first day on, a pilot in its region alone', () => {
  const set = (more: Partial<RuleSet>): RuleSet => ({ id: 'A', kind: 'SEVERITY', name: '示例', source: '示例', effectiveFrom: '2026-09-18', effectiveTo: null, region: null, values: { FINE: [3, 'LEVEL'] }, ...more });
  const found = (rules: readonly RuleSet[], day: string, region: string | null = null) => {
    const { severity, ruleSet } = penaltySeverity(createRules([...releasedRules.sets, ...rules]), ['FINE', 'WARNING'], day, region);
    return [severity, ruleSet.id];
  };
  expect([found([set({})], '2026-09-17'), found([set({})], '2026-09-18')]).toEqual([['GENERAL', 'NDRC-36-SEVERITY'], ['SERIOUS', 'A']]);
  const pilots = [set({ id: 'PILOT', region: '33' })];
  expect([null, '44', '33'].map(region => found(pilots, '2026-09-18', region))).toEqual([['GENERAL', 'NDRC-36-SEVERITY'], ['GENERAL', 'NDRC-36-SEVERITY'], ['SERIOUS', 'PILOT']]);
});

test('a penalty is judged by the rule set in force on the day of its decision', () => {
  const term = (kind: Parameters<typeof publicationTerm>[1], day: string) => {
    const { ruleSet, limitedBy, ...days } = publicationTerm(releasedRules, kind, day);
    return { ...days, ruleSet: ruleSet.id, limitedBy: limitedBy.id };
  };
  expect(term('PENALTY_MINOR', '2023-04-30')).toEqual({ until: '2024-04-30', months: 12, latest: '2028-04-30', ruleSet: 'PUBLICATION-2014', limitedBy: 'PUBLICATION-2014' });
  expect(term('PENALTY_MINOR', '2023-05-01')).toEqual({ until: '2023-08-01', months: 3, latest: '2026-05-01', ruleSet: 'NDRC-58', limitedBy: 'NDRC-58' });
  expect(term('PENALTY_SERIOUS', '2026-04-01')).toEqual({ until: '2029-04-01', months: 36, latest: '2029-04-01', ruleSet: 'NDRC-36', limitedBy: 'NDRC-36' });
  expect(term('PENALTY_GENERAL', '1911-01-01').ruleSet).toBe('PUBLICATION-2014');
});

test('a term is counted from the day of publication where that is known, by the rules of the day of the act', () => {
  const { until, latest, ruleSet } = publicationTerm(releasedRules, 'PENALTY_MINOR', '2023-04-30', null, '2023-05-02');
  expect([until, latest, ruleSet.id]).toEqual(['2024-05-02', '2028-05-02', 'PUBLICATION-2014']);
});

test('penalties of market authorities have rules of their own since SAMR Order 107, which leave to the general rules how general ones end', () => {
  const needs = (day: string, isMarket: boolean) => (['MINOR', 'GENERAL', 'SERIOUS'] as const).map(severity => endNeedsPerformance(releasedRules, severity, day, null, isMarket));
  expect([needs('2026-03-31', true), needs('2026-04-01', true), needs('2026-04-01', false)]).toEqual([[false, false, false], [false, true, false], [false, true, true]]);
  const of = (severity: string) => releasedRules.find('MARKET_REPAIR', `END_NEEDS_PERFORMANCE_${severity}`, '2026-04-01')?.number;
  expect(['MINOR', 'GENERAL', 'SERIOUS'].map(of)).toEqual([0, undefined, 0]);
  expect(['杭州市市场监督管理局', '示例市监局', '某县工商行政管理局', '杭州市交通运输局', null].map(name => isMarketAuthority(name))).toEqual([true, true, true, false, false]);
});

test('publication ends at its term only after performance for general and serious penalties, since Order 36', () => {
  const needs = (day: string) => ['MINOR', 'GENERAL', 'SERIOUS'].map(severity => releasedRules.find('PUBLICATION_TERM', `END_NEEDS_PERFORMANCE_${severity}`, day)?.number);
  expect([needs('2026-03-31'), needs('2026-04-01')]).toEqual([[0, 0, 0], [0, 1, 1]]);
});
