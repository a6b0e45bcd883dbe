import { createCalendar } from './calendar.ts';
import { publicationTerm } from './publicationTerms.ts';
import { changedRules, createRules, publicationDueDate, releasedRules, type RuleSet, ruleUnits } from './ruleSets.ts';

const { sets: ruleSets } = releasedRules;
const on = (day: string, kind: string) => releasedRules.on(day).flatMap((set) => (set.kind === kind ? [set.id] : []));

test('a rule set has one id, a source, dates and whole numbers with a unit; sets of a kind follow in time', () => {
  expect(new Set(ruleSets.map(({ id }) => id)).size).toBe(ruleSets.length);
  for (const { id, kind, name, source, effectiveFrom, effectiveTo, region, values } of ruleSets) {
    expect([id, kind, name, source].every((text) => text.length > 0)).toBe(true);
    expect([effectiveFrom, effectiveTo ?? '9999-12-31'].filter((day) => !/^\d{4}-\d{2}-\d{2}$/.test(day))).toEqual([]);
    expect(effectiveTo === null || effectiveFrom < effectiveTo).toBe(true);
    expect(region).toBeNull();
    for (const value of Object.values(values)) {
      const [number, unit] = value;
      const [min, max] = ruleUnits[unit];
      expect(Number.isInteger(number) && number >= min && number <= max).toBe(true);
    }
  }
  for (const kind of ['PUBLICATION_TERM', 'PUBLICATION_DUTY', 'SEVERITY', 'REPAIR']) {
    const days = ruleSets.filter((set) => set.kind === kind).map(({ effectiveFrom }) => effectiveFrom);
    expect(days.length).toBeGreaterThan(1);
    expect(days).toEqual(days.toSorted());
  }
});

test('a rule set acts from its first day to the day before it ends', () => {
  expect(['2020-12-31', '2021-01-01'].map((day) => on(day, 'REPAIR'))).toEqual([['NDRC-893'], []]);
  expect(
    ['2019-06-30', '2023-04-30', '2023-05-01', '2026-03-31', '2026-04-01'].map((day) => on(day, 'PUBLICATION_TERM')),
  ).toEqual([['PUBLICATION-2014'], ['NDRC-527'], ['NDRC-58'], ['NDRC-58'], ['NDRC-36']]);
  expect(['2026-03-31', '2026-04-01'].map((day) => on(day, 'REPAIR'))).toEqual([
    ['NDRC-58-REPAIR', 'STATE-COUNCIL-2025-22'],
    ['STATE-COUNCIL-2025-22', 'NDRC-36-REPAIR'],
  ]);
  expect(['2025-12-24', '2025-12-25'].map((day) => on(day, 'MARKET_REPAIR'))).toEqual([[], ['SAMR-107']]);
});

test('the versions of an evaluation scheme are rule sets, with their period and number of grades', () => {
  expect(releasedRules.on('2026-04-02').find(({ id }) => id === 'PUBLIC_CREDIT-2026')).toMatchObject({
    kind: 'EVALUATION',
    effectiveFrom: '2026-04-02',
    values: { PERIOD: [12, 'MONTHS'], GRADES: [4, 'GRADES'] },
  });
  expect(on('2026-04-01', 'EVALUATION')).toContain('PUBLIC_CREDIT-2025');
});

const set = (more: Partial<RuleSet>): RuleSet => ({
  id: 'A',
  kind: 'PUBLICATION_DUTY',
  name: '示例',
  source: '示例',
  effectiveFrom: '2026-01-01',
  effectiveTo: null,
  region: null,
  values: { MANDATORY: [7, 'WORKING_DAYS'] },
  ...more,
});
const pilot = set({ id: 'PILOT', region: '33', values: { MANDATORY: [3, 'WORKING_DAYS'] } });

const due = (sets: readonly RuleSet[], day: string, region: string | null = null) =>
  publicationDueDate(createRules(sets), day, 'MANDATORY', region);

test('a pilot acts in its region alone, and there before the whole country’s rules', () => {
  const sets = [pilot, set({ effectiveFrom: '2026-02-01' })];
  expect(
    [null, '44', '33'].map((region) =>
      createRules(sets)
        .on('2026-05-06', region)
        .map(({ id }) => id),
    ),
  ).toEqual([['A'], ['A'], ['PILOT', 'A']]);
  const input = (name: string, value: string) => ({ name, value });
  expect([due(sets, '2026-09-18'), due(sets, '2026-09-18', '44'), due(sets, '2026-09-18', '33')]).toEqual([
    {
      date: '2026-09-29',
      provisional: false,
      ruleSet: sets[1],
      inputs: [input('decidedOn', '2026-09-18'), input('duty', 'MANDATORY'), input('workingDays', '7')],
    },
    {
      date: '2026-09-29',
      provisional: false,
      ruleSet: sets[1],
      inputs: [
        input('decidedOn', '2026-09-18'),
        input('duty', 'MANDATORY'),
        input('region', '44'),
        input('workingDays', '7'),
      ],
    },
    {
      date: '2026-09-22',
      provisional: false,
      ruleSet: pilot,
      inputs: [
        input('decidedOn', '2026-09-18'),
        input('duty', 'MANDATORY'),
        input('region', '33'),
        input('workingDays', '3'),
      ],
    },
  ]);
});

test('licences and penalties are due within seven working days since 2018-07-25, other acts since 2019-07-09', () => {
  const released = (day: string, duty: 'MANDATORY' | 'PROMOTED') => {
    const found = publicationDueDate(releasedRules, day, duty);
    return found && [found.date, found.provisional, found.ruleSet.id];
  };
  expect([
    released('2018-07-24', 'MANDATORY'),
    released('2018-07-25', 'MANDATORY'),
    released('2019-07-08', 'PROMOTED'),
    released('2019-07-09', 'PROMOTED'),
  ]).toEqual([null, ['2018-08-03', false, 'NDRC-424'], null, ['2019-07-18', false, 'STATE-COUNCIL-35']]);
  expect(released('2026-12-24', 'MANDATORY')).toEqual(['2027-01-04', true, 'NDRC-424']);
  expect(released('9999-12-31', 'MANDATORY')).toBeNull();
});

test('another number in the data gives other dates, from its effective date on', () => {
  const sets = [
    set({ effectiveTo: '2026-09-18' }),
    set({ id: 'B', effectiveFrom: '2026-09-18', values: { MANDATORY: [20, 'WORKING_DAYS'] } }),
  ];
  expect(['2026-09-17', '2026-09-18'].map((day) => due(sets, day)?.date)).toEqual(['2026-09-28', '2026-10-22']);
  const calendar = createCalendar({
    unsettledFrom: '12-25',
    years: [{ year: 2026, sources: [], off: ['2026-09-21'], work: [] }],
  });
  expect(publicationDueDate(createRules([set({})]), '2026-09-18', 'MANDATORY', null, calendar)?.date).toBe(
    '2026-09-30',
  );

  const term = (months: number, more: Partial<RuleSet>) =>
    set({
      kind: 'PUBLICATION_TERM',
      values: { PENALTY_GENERAL: [months, 'MONTHS'] },
      ...more,
    });
  const terms = [term(12, { id: 'OLD' }), term(6, { id: 'NEW', effectiveFrom: '2026-09-18' })];
  expect(
    ['2026-09-17', '2026-09-18'].map((day) => publicationTerm(createRules(terms), 'PENALTY_GENERAL', day)),
  ).toEqual([
    { starts: '2026-09-17', until: '2027-09-17', months: 12, ruleSet: terms[0] },
    { starts: '2026-09-18', until: '2027-03-18', months: 6, ruleSet: terms[1] },
  ]);
});

test('for each code the rule set that came into force last counts, in whatever order the sets stand', () => {
  const sets = [
    set({ id: 'LATER', effectiveFrom: '2026-06-01', values: { MANDATORY: [5, 'WORKING_DAYS'] } }),
    set({ values: { MANDATORY: [7, 'WORKING_DAYS'], PROMOTED: [9, 'WORKING_DAYS'] } }),
  ];
  const rules = createRules(sets);
  expect(
    ['2025-12-31', '2026-05-31', '2026-06-01'].map(
      (day) => rules.find('PUBLICATION_DUTY', 'MANDATORY', day)?.number ?? null,
    ),
  ).toEqual([null, 7, 5]);
  expect(rules.find('PUBLICATION_DUTY', 'PROMOTED', '2026-06-01')).toEqual({
    number: 9,
    unit: 'WORKING_DAYS',
    ruleSet: sets[1],
  });
  expect(
    createRules([set({}), set({ id: 'SAME_DAY' })]).find('PUBLICATION_DUTY', 'MANDATORY', '2026-05-06')?.ruleSet.id,
  ).toBe('SAME_DAY');
  expect([
    rules.find('PUBLICATION_DUTY', 'toString', '2026-06-01'),
    rules.find('NO_SUCH', 'MANDATORY', '2026-06-01'),
  ]).toEqual([null, null]);
});

test('what has to have an answer on every day has the nearest one: the rule set before, or the first', () => {
  const rules = createRules([
    set({ effectiveTo: '2026-03-01' }),
    set({ id: 'B', effectiveFrom: '2026-06-01', effectiveTo: '2026-07-01' }),
    pilot,
  ]);
  const nearest = (day: string, region: string | null = null) =>
    rules.nearest('PUBLICATION_DUTY', 'MANDATORY', day, region)?.ruleSet.id;
  expect(['2025-01-01', '2026-04-01', '2026-06-01', '2026-08-01'].map((day) => nearest(day))).toEqual([
    'A',
    'A',
    'B',
    'B',
  ]);
  expect([nearest('2025-01-01', '33'), nearest('2026-08-01', '33')]).toEqual(['A', 'PILOT']);
});

test('decisions add rule sets and end them; the earliest end counts, by its own text or by a decision', () => {
  const before = createRules([set({}), set({ id: 'B', effectiveTo: '2026-05-01' })]);
  const added = set({ id: 'C', effectiveFrom: '2026-08-01', values: { MANDATORY: [5, 'WORKING_DAYS'] } });
  const after = changedRules(before, [
    { action: 'ADD', ruleSet: added },
    { action: 'END', id: 'A', effectiveTo: '2026-09-01' },
    { action: 'END', id: 'B', effectiveTo: '2026-09-01' },
    { action: 'END', id: 'C', effectiveTo: '2026-10-01' },
  ]);
  expect(after.sets).toEqual([
    set({ effectiveTo: '2026-09-01' }),
    set({ id: 'B', effectiveTo: '2026-05-01' }),
    { ...added, effectiveTo: '2026-10-01' },
  ]);
  const [soon, late] = [
    { action: 'END', id: 'A', effectiveTo: '2026-08-01' },
    { action: 'END', id: 'A', effectiveTo: '2026-09-01' },
  ] as const;
  expect(
    [
      [soon, late],
      [late, soon],
    ].map((changes) => changedRules(before, changes).sets[0]?.effectiveTo),
  ).toEqual(['2026-08-01', '2026-08-01']);
  expect(changedRules(before, [])).toBe(before);
  expect(before.sets[0]?.effectiveTo).toBeNull();
});
