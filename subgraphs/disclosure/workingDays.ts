import { badInput } from '#kit/errors.ts';
import { MAX_WORKING_DAYS, stateCouncilCalendar } from '#standards/calendar.ts';

/**
 * The working day that is `days` working days after `from`, 'YYYY-MM-DD'.
 * @throws BAD_USER_INPUT (WORKING_DAYS, NO_CALENDAR)
 */
export function workingDayAfter(from: string, days: number) {
  const { firstDay, lastDay } = stateCouncilCalendar;
  if (days < 0 || days > MAX_WORKING_DAYS)
    throw badInput(
      'days',
      'WORKING_DAYS',
      `Working days are counted from 0 to ${MAX_WORKING_DAYS}.`,
      `0 to ${MAX_WORKING_DAYS}`,
    );
  if (from < firstDay || from > lastDay)
    throw badInput(
      'from',
      'NO_CALENDAR',
      'The calendar of working days does not reach that day.',
      `${firstDay} to ${lastDay}`,
    );
  return stateCouncilCalendar.workingDayAfter(from, days);
}
