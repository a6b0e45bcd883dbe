import { ruleProblem } from './ruleProposals.ts';
import { changedRules, releasedRules, type RuleSet } from './ruleSets.ts';

const TODAY = '2026-11-25';

const set = (more: Partial<RuleSet>): RuleSet => ({
  id: 'PILOT-33',
  kind: 'PUBLICATION_DUTY',
  name: '示例',
  source: '示例〔2026〕1号',
  effectiveFrom: '2026-12-01',
  effectiveTo: null,
  region: null,
  values: { MANDATORY: [5, 'WORKING_DAYS'] },
  ...more,
});
const adding = (more: Partial<RuleSet>) => ruleProblem(releasedRules, { action: 'ADD', ruleSet: set(more) }, TODAY);
const ending = (id: string, effectiveTo: string) =>
  ruleProblem(releasedRules, { action: 'END', id, effectiveTo }, TODAY);

test('a rule set can come into force from the day of the decision on, a pilot in a province', () => {
  expect([
    adding({}),
    adding({ effectiveFrom: TODAY }),
    adding({ region: '33' }),
    adding({ region: '66', effectiveTo: '2026-12-02' }),
  ]).toEqual([null, null, null, null]);
});

test.each<[string, Partial<RuleSet>, string, string[], string]>([
  [
    'an id that is no code',
    { id: 'pilot 33' },
    'RULE_SET_ID',
    ['ruleSet', 'id'],
    '"pilot 33" is no code of a rule set; it has 3 to 64 capital letters, digits and hyphens, such as NDRC-36.',
  ],
  [
    'an id that is taken',
    { id: 'NDRC-424' },
    'TAKEN',
    ['ruleSet', 'id'],
    'There is a rule set NDRC-424 already; a new one needs a code of its own.',
  ],
  [
    'a kind that nothing reads',
    { kind: 'NO_SUCH' },
    'UNKNOWN_RULE_KIND',
    ['ruleSet', 'kind'],
    'There are no rules of kind "NO_SUCH" that a decision changes; there are ',
  ],
  [
    'a version of an evaluation scheme',
    { kind: 'EVALUATION', values: { PERIOD: [6, 'MONTHS'] } },
    'UNKNOWN_RULE_KIND',
    ['ruleSet', 'kind'],
    'There are no rules of kind "EVALUATION" that a decision changes; there are ',
  ],
  ['no name', { name: ' ' }, 'MISSING', ['ruleSet', 'name'], 'A rule set has a name of 1 to 200 characters.'],
  ['no source', { source: '' }, 'MISSING', ['ruleSet', 'source'], 'A rule set has a source of 1 to 200 characters.'],
  [
    'a first day before the decision',
    { effectiveFrom: '2026-11-24' },
    'BACKWARDS',
    ['ruleSet', 'effectiveFrom'],
    'A rule does not work backwards: 2026-11-24 lies before 2026-11-25, the day of the decision.',
  ],
  [
    'an end on its first day',
    { effectiveTo: '2026-12-01' },
    'BAD_PERIOD',
    ['ruleSet', 'effectiveTo'],
    'effectiveTo is the first day without the rule, so it lies after 2026-12-01.',
  ],
  [
    'a region that is no province',
    { region: '99' },
    'UNKNOWN_REGION',
    ['ruleSet', 'region'],
    '"99" is no province; a pilot names two digits of GB/T 2260, or 66 for 新疆生产建设兵团.',
  ],
  [
    'a region for a kind that is the whole country’s',
    { kind: 'RETENTION', region: '33', values: { PENALTY: [12, 'MONTHS'] } },
    'NO_PILOT',
    ['ruleSet', 'region'],
    "Rules of kind RETENTION are the whole country's, so they have no region; kinds with pilots are PUBLICATION_TERM, ",
  ],
  ['no value', { values: {} }, 'MISSING', ['ruleSet', 'values'], 'A rule set has at least one value.'],
  [
    'a value that its kind does not have',
    { values: { MAXIMUM_MINOR: [36, 'MONTHS'] } },
    'UNKNOWN_RULE',
    ['ruleSet', 'values'],
    'Rules of kind PUBLICATION_DUTY have no "MAXIMUM_MINOR"; they have MANDATORY, ',
  ],
  [
    'another unit',
    { values: { MANDATORY: [5, 'DAYS'] } },
    'UNIT',
    ['ruleSet', 'values'],
    'MANDATORY of PUBLICATION_DUTY is given in WORKING_DAYS, not in "DAYS".',
  ],
  [
    'a number out of range',
    { values: { MANDATORY: [367, 'WORKING_DAYS'] } },
    'RANGE',
    ['ruleSet', 'values'],
    'MANDATORY of PUBLICATION_DUTY is a whole number from 0 to 366 WORKING_DAYS, not 367.',
  ],
  [
    'a shorter time for the log of changes than was promised',
    { kind: 'FEED', values: { RETENTION_DAYS: [89, 'DAYS'] } },
    'RANGE',
    ['ruleSet', 'values'],
    'RETENTION_DAYS of FEED is a whole number from 90 to 36500 DAYS, not 89.',
  ],
  [
    'a severity that is none',
    { kind: 'SEVERITY', values: { FINE: [4, 'LEVEL'] } },
    'RANGE',
    ['ruleSet', 'values'],
    'FINE of SEVERITY is a whole number from 1 to 3 LEVEL, not 4.',
  ],
])('a rule set with %s is refused, and the answer names what was expected', (_, more, code, path, message) => {
  const found = adding(more);
  expect([found?.code, found?.path]).toEqual([code, path]);
  expect(found?.message.startsWith(message)).toBe(true);
});

test('an end that was decided is moved to an earlier day by another decision, not to a later one', () => {
  const ended = changedRules(releasedRules, [{ action: 'END', id: 'NDRC-424', effectiveTo: '2027-01-01' }]);
  const moving = (effectiveTo: string) => ruleProblem(ended, { action: 'END', id: 'NDRC-424', effectiveTo }, TODAY);
  const message = 'NDRC-424 ends on 2027-01-01 already; another decision moves that to an earlier day alone.';
  expect([moving('2026-12-31'), moving('2027-01-01'), moving('2027-01-02')]).toEqual([
    null,
    { code: 'ENDED', message, path: ['effectiveTo'] },
    { code: 'ENDED', message, path: ['effectiveTo'] },
  ]);
});

test('a rule set does not end in the past, nor before it began', () => {
  expect([ending('NDRC-424', TODAY), ending('NDRC-424', '2027-01-01')]).toEqual([null, null]);
  expect(
    [
      ending('NO-SUCH', TODAY),
      ending('PUBLIC_CREDIT-2026', TODAY),
      ending('NDRC-424', '2026-11-24'),
      ending('NDRC-58', TODAY),
    ].map((found) => [found?.code, found?.path]),
  ).toEqual([
    ['UNKNOWN_RULE_SET', ['ruleSetId']],
    ['UNKNOWN_RULE_SET', ['ruleSetId']],
    ['BACKWARDS', ['effectiveTo']],
    ['ENDED', ['effectiveTo']],
  ]);
  const later = changedRules(releasedRules, [{ action: 'ADD', ruleSet: set({}) }]);
  expect(ruleProblem(later, { action: 'END', id: 'PILOT-33', effectiveTo: '2026-12-01' }, TODAY)).toEqual({
    code: 'BAD_PERIOD',
    message: 'PILOT-33 comes into force on 2026-12-01; its end lies after that day.',
    path: ['effectiveTo'],
  });
});
