import table from './data/calendar.json' with { type: 'json' };

/** One notice of the State Council on the holidays of a year (节假日安排通知); its days may lie in the December before. */
export interface HolidayNotice {
  readonly year: number;
  readonly sources: readonly string[];
  /** Days off, 'YYYY-MM-DD'. */
  readonly off: readonly string[];
  /** Make-up workdays (调休上班), 'YYYY-MM-DD'. */
  readonly work: readonly string[];
}

export interface HolidayTable {
  /** 'MM-DD' in December: from this day on, a day is settled only once the next year's notice is known too. */
  readonly unsettledFrom: string;
  /** In order of years, without a gap. */
  readonly years: readonly HolidayNotice[];
}

export interface WorkingDay {
  /** 'YYYY-MM-DD'. */
  readonly date: string;
  /**
   * True when a future notice may move the date: Monday to Friday were taken as working days for the days without one.
   * A later computation may differ.
   */
  readonly provisional: boolean;
}

export interface Calendar {
  /** The first day for which there is a notice. */
  readonly firstDay: string;
  /** The last day from which days are counted: dates have a year of four digits. */
  readonly lastDay: string;
  /**
   * The n-th working day after a day (工作日): the day itself is not counted, and each working day after it counts as one
   * (民法典 §201, 行政处罚法 §85). With 0 days it is the day itself, and no day is looked up. The date is provisional when any
   * day looked up, including the last, is in a year without a notice, or so late in December that the notice of the
   * next year may still set it.
   * @throws RangeError for a day before firstDay or after lastDay (before the first notice nothing will become known
   * any more, so such a date is not provisional), and for days that are not an integer from 0 to MAX_WORKING_DAYS
   */
  workingDayAfter(from: string, days: number): WorkingDay;
}

export const MAX_WORKING_DAYS = 366;
const DAY_MS = 86_400_000;

/**
 * Makes a calendar of working days out of the State Council's yearly notices of holidays (节假日安排的通知): which days of
 * the week are off, and which days of a weekend are worked.
 * @throws Error for a table without a year
 */
export function createCalendar({ unsettledFrom, years }: HolidayTable): Calendar {
  const off = new Set(years.flatMap((notice) => notice.off));
  const work = new Set(years.flatMap((notice) => notice.work));
  const [first, last] = [years[0]?.year, years.at(-1)?.year];
  if (first === undefined || last === undefined) throw new Error('A calendar needs the notice of a year.');
  const [firstDay, lastDay, firstUnsettled] = [`${first}-01-01`, '9990-12-31', `${last}-${unsettledFrom}`];
  return {
    firstDay,
    lastDay,
    workingDayAfter(from, days) {
      if (!Number.isInteger(days) || days < 0 || days > MAX_WORKING_DAYS)
        throw new RangeError(`Working days are counted from 0 to ${MAX_WORKING_DAYS}.`);
      if (from < firstDay || from > lastDay)
        throw new RangeError(
          `The calendar of working days begins on ${firstDay} and counts from no day after ${lastDay}.`,
        );
      let time = Date.parse(`${from}T00:00:00Z`);
      let date = from;
      for (let counted = 0; counted < days;) {
        time += DAY_MS;
        date = new Date(time).toISOString().slice(0, 10);
        const weekday = new Date(time).getUTCDay();
        if (work.has(date) || (weekday !== 0 && weekday !== 6 && !off.has(date))) counted += 1;
      }
      // Days are looked up in order, so the last of them decides.
      return { date, provisional: days > 0 && date >= firstUnsettled };
    },
  };
}

/** Working days as the State Council's notices set them. */
export const stateCouncilCalendar: Calendar = createCalendar(table);
