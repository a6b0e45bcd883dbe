import { stateCouncilCalendar } from '#standards/calendar.ts';
import { addDays } from '#standards/publicationTerms.ts';
import { type DueDate, publicationDueDate, type PublicationDuty, type Rules } from '#standards/ruleSets.ts';
import type { PublicationDutyState } from './resolvers.generated.ts';
import { regionOf } from '#standards/divisions.ts';

// On which days acts were decided that are due, overdue or due soon to be published. Days are 'YYYY-MM-DD'.

const duties: readonly PublicationDuty[] = ['MANDATORY', 'PROMOTED'];

/** Names a duty and a day, as the SQL does (timelinessStatements.ts). */
const keyOf = (duty: string, day: string): string => `${duty} ${day}`;

/**
 * The due dates of acts of a unit that were decided from `from` until before `to`, by `keyOf` duty and day. Acts
 * without such a duty are left out.
 */
export function duesOf(rules: Rules, unit: string, from: string, to: string): Map<string, DueDate> {
  const region = regionOf(unit, null);
  const dues = new Map<string, DueDate>();
  for (let day = from; day < to; day = addDays(day, 1)) {
    for (const duty of duties) {
      const due = publicationDueDate(rules, day, duty, region);
      if (due) dues.set(keyOf(duty, day), due);
    }
  }
  return dues;
}

/** Days on which acts with a duty were decided. */
export interface Period {
  readonly duty: PublicationDuty;
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
}

/**
 * The decisions whose last day in time has passed or is about to come: periods of days, and the days within them that
 * are not due yet. Due dates are computed for the latest days alone. An older act, by more than the working days of
 * the longest rule, is overdue if there was a duty.
 */
export function periodsOf(
  rules: Rules,
  unit: string,
  today: string,
  state: PublicationDutyState,
): { periods: Period[]; open: string[] } {
  const region = regionOf(unit, null);
  const ofDuty = rules.sets.filter(
    ({ kind, region: where }) => kind === 'PUBLICATION_DUTY' && (where === null || where === region),
  );
  const longest = Math.max(0, ...ofDuty.flatMap(({ values }) => duties.map((duty) => values[duty]?.[0] ?? 0)));
  let from = today;
  while (from > stateCouncilCalendar.firstDay && stateCouncilCalendar.workingDayAfter(from, longest).date >= today)
    from = addDays(from, -1);
  const latest = [...duesOf(rules, unit, from, addDays(today, 1))];

  if (state === 'DUE_SOON') {
    const soon = rules.find('PUBLICATION_DUTY', 'DUE_SOON', today, region);
    const until = stateCouncilCalendar.workingDayAfter(today, soon?.number ?? 0).date;
    return {
      periods: latest.flatMap(([key, { date }]) => (date >= today && date <= until ? [periodOfDay(key)] : [])),
      open: [],
    };
  }
  const first = (day: string): string => (day < stateCouncilCalendar.firstDay ? stateCouncilCalendar.firstDay : day);
  const next = (day: string | null): string => (day === null || day > today ? addDays(today, 1) : day);
  return {
    periods: ofDuty.flatMap(({ effectiveFrom, effectiveTo, values }) =>
      duties.flatMap((duty) => (values[duty] ? [{ duty, from: first(effectiveFrom), to: next(effectiveTo) }] : [])),
    ),
    open: latest.flatMap(([key, { date }]) => (date >= today ? [key] : [])),
  };
}

function periodOfDay(key: string): Period {
  const [duty, day = ''] = key.split(' ');
  return { duty: duty as PublicationDuty, from: day, to: addDays(day, 1) }; // as keyOf wrote it
}
