import { createCalendar, type HolidayTable, stateCouncilCalendar } from './calendar.ts';
import table from './data/calendar.json' with { type: 'json' };

const { workingDayAfter } = stateCouncilCalendar;

// Across Spring Festival, New Year, Labour Day and National Day, with their make-up workdays.
test.each([
  ['2025-01-20', '2025-01-23', '2025-02-05', '2025-02-08', '2025-02-21'],
  ['2025-01-24', '2025-02-05', '2025-02-10', '2025-02-13', '2025-02-27'],
  ['2026-01-02', '2026-01-06', '2026-01-12', '2026-01-15', '2026-01-29'],
  ['2026-02-13', '2026-02-25', '2026-03-02', '2026-03-05', '2026-03-19'],
  ['2026-04-30', '2026-05-08', '2026-05-13', '2026-05-18', '2026-06-01'],
  ['2026-09-18', '2026-09-22', '2026-09-29', '2026-10-09', '2026-10-22'],
])('from %s the 3rd, 7th, 10th and 20th working days are %s, %s, %s and %s', (from, ...expected) => {
  expect([3, 7, 10, 20].map((days) => workingDayAfter(from, days))).toEqual(
    expected.map((date) => ({ date, provisional: false })),
  );
});

test('a day of late December is provisional until the notice of the next year is there', () => {
  const next: HolidayTable = {
    ...table,
    years: [...table.years, { year: 2027, sources: [], off: ['2026-12-31', '2027-01-01'], work: [] }],
  };
  const late = (
    [
      ['2026-12-14', 7],
      ['2026-12-15', 7],
      ['2026-12-17', 7],
      ['2026-12-24', 7],
    ] as const
  ).map(([from, days]) => [workingDayAfter(from, days), createCalendar(next).workingDayAfter(from, days)]);
  expect(late).toEqual([
    [
      { date: '2026-12-23', provisional: false },
      { date: '2026-12-23', provisional: false },
    ],
    [
      { date: '2026-12-24', provisional: false },
      { date: '2026-12-24', provisional: false },
    ],
    [
      { date: '2026-12-28', provisional: true },
      { date: '2026-12-28', provisional: false },
    ],
    // Without a notice Monday to Friday are taken; with it the date is another.
    [
      { date: '2027-01-04', provisional: true },
      { date: '2027-01-06', provisional: false },
    ],
  ]);
});

test('a year without a notice gives a provisional date', () => {
  expect(workingDayAfter('2031-03-03', 1)).toEqual({ date: '2031-03-04', provisional: true });
});

test('no working day after a day is the day itself, with nothing looked up', () => {
  expect(['2026-02-16', '2030-01-01'].map((day) => workingDayAfter(day, 0))).toEqual([
    { date: '2026-02-16', provisional: false },
    { date: '2030-01-01', provisional: false },
  ]);
});

test.each([
  ['2026-01-05', -1],
  ['2026-01-05', 367],
  ['2026-01-05', 1.5],
  ['2017-12-31', 1],
  ['9991-01-01', 1],
])('%s and %d days are out of range', (from, days) => {
  expect(() => workingDayAfter(from, days)).toThrow(RangeError);
});

test('every year has its notice, and no notice sets a day before the unsettled days of the December before it', () => {
  expect(table.years.map(({ year }) => year)).toEqual([2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026]);
  for (const { year, sources, off, work } of table.years) {
    expect(sources.length).toBeGreaterThan(0);
    expect(
      [...off, ...work].filter((day) => day < `${year - 1}-${table.unsettledFrom}` || day >= `${year + 1}-01-01`),
    ).toEqual([]);
    expect(off.filter((day) => work.includes(day))).toEqual([]);
    // A make-up workday falls on a weekend.
    expect(work.filter((day) => ![0, 6].includes(new Date(day).getUTCDay()))).toEqual([]);
  }
});

test('the make-up workdays of 2024, 2025 and 2026 are those of the notices', () => {
  expect(table.years.slice(-3).map(({ work }) => work.map((day) => day.slice(5)))).toEqual([
    ['02-04', '02-18', '04-07', '04-28', '05-11', '09-14', '09-29', '10-12'],
    ['01-26', '02-08', '04-27', '09-28', '10-11'],
    ['01-04', '02-14', '02-28', '05-09', '09-20', '10-10'],
  ]);
});
