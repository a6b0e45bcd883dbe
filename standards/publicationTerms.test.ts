import { addDays, addMonths, penaltyPublicationKind, publicationTerm } from './publicationTerms.ts';

test('a term ends on the same day of a later month, or on that month’s last day', () => {
  expect([addMonths('2026-09-18', 12), addMonths('2026-01-31', 1), addMonths('2023-11-30', 3), addMonths('2026-12-31', 36)]).toEqual(['2027-09-18', '2026-02-28', '2024-02-29', '2029-12-31']);
});

test('a day after the last of a year is the first of the next', () => {
  expect([addDays('2026-12-31', 1), addDays('2028-02-28', 1)]).toEqual(['2027-01-01', '2028-02-29']);
});

test('no computed day lies after 9999-12-31, which files write for no end', () => {
  expect([addDays('9999-12-31', 1), addMonths('9998-05-01', 36)]).toEqual(['9999-12-31', '9999-12-31']);
});

test('the heaviest category of a penalty decides its term', () => {
  expect([['WARNING'], ['WARNING', 'FINE'], ['FINE', 'REVOKE_LICENCE'], [], null].map(penaltyPublicationKind)).toEqual([
    'PENALTY_MINOR',
    'PENALTY_GENERAL',
    'PENALTY_SERIOUS',
    'PENALTY_GENERAL',
    'PENALTY_GENERAL',
  ]);
});

test('a penalty is judged by the rule set in force on the day of its decision', () => {
  expect(publicationTerm('PENALTY_MINOR', '2023-04-30')).toEqual({ until: '2024-04-30', latest: '2028-04-30', ruleSet: 'PUBLICATION-2014' });
  expect(publicationTerm('PENALTY_MINOR', '2023-05-01')).toEqual({ until: '2023-08-01', latest: '2026-05-01', ruleSet: 'NDRC-58' });
  expect(publicationTerm('PENALTY_SERIOUS', '2026-04-01')).toEqual({ until: '2029-04-01', latest: '2029-04-01', ruleSet: 'NDRC-36' });
  expect(publicationTerm('PENALTY_GENERAL', '1911-01-01').ruleSet).toBe('PUBLICATION-2014');
});
