export interface OfficialDate {
  /** 'YYYY-MM-DD', or null when long-term. */
  day: string | null;
  /** 长期: the form writes 2099/12/31, and real files also 2099-01-31 and the word itself. */
  longTerm: boolean;
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const FORM = /^(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日)$/;

/**
 * Reads a date as official forms write it: YYYY/MM/DD, YYYY-MM-DD, YYYY.MM.DD or YYYY年M月D日, full or half width. A time
 * of day after it is dropped only when it is midnight (spreadsheets add it). Null for anything else and for days that
 * do not exist (2022-09-31).
 */
export function parseOfficialDate(text: string): OfficialDate | null {
  const plain = plainDate(text);
  if (plain !== null) return plain;
  const match = FORM.exec(
    text
      .normalize('NFKC')
      .trim()
      .replace(/[ T]00:00(?::00(?:\.0+)?)?Z?$/, ''),
  );
  if (match === null) return text.trim() === '长期' ? { day: null, longTerm: true } : null;
  const padded = [match[1] ?? '', match[3] ?? match[5] ?? '', match[4] ?? match[6] ?? ''].map((part) =>
    part.padStart(2, '0'),
  );
  return plainDate(padded.join('-'));
}

// Nearly every date of a bulk file is ten characters long; those need no regular expression.
function plainDate(text: string): OfficialDate | null {
  if (text.length !== 10) return null;
  const separator = text[4];
  if ((separator !== '/' && separator !== '-') || text[7] !== separator) return null;
  const [century, year, month, day] = [twoDigits(text, 0), twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8)];
  if (century < 0 || year < 0 || month < 0 || day < 0) return null;
  if (century < 16 || !exists(century * 100 + year, month, day)) return null;
  if (isLongTerm(century * 100 + year, month, day)) return { day: null, longTerm: true };
  return {
    day: separator === '-' ? text : `${text.slice(0, 4)}-${text.slice(5, 7)}-${text.slice(8)}`,
    longTerm: false,
  };
}

/**
 * Whether it is an existing day, as YYYY-MM-DD, in the years 1 to 9999. `Date` takes 30 February for 2 March, and costs
 * ten times as much.
 */
export function isCalendarDay(text: string): boolean {
  if (text.length !== 10 || text[4] !== '-' || text[7] !== '-') return false;
  const [century, year, month, day] = [twoDigits(text, 0), twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8)];
  return century >= 0 && year >= 0 && century + year > 0 && exists(century * 100 + year, month, day);
}

/** The number of two digits, or less than zero. */
function twoDigits(text: string, index: number): number {
  const tens = text.charCodeAt(index) - 48;
  const ones = text.charCodeAt(index + 1) - 48;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

function exists(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1 || day > (DAYS[month - 1] ?? 0)) return false;
  return month !== 2 || day !== 29 || (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0));
}

function isLongTerm(year: number, month: number, day: number): boolean {
  return year === 2099 && day === 31 && (month === 12 || month === 1);
}

const EIGHT_HOURS = 8 * 60 * 60_000;
const SUMMER_TIME_ENDED = Date.UTC(1991, 8, 16);
const shanghai = new Intl.DateTimeFormat('en-CA', {
  timeZone: 'Asia/Shanghai',
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
});

const ONE_DAY = 24 * 60 * 60_000;
/** The day of the last call, nearly always today: formatting it anew takes 2 µs, several times an operation. */
let last = { begins: Number.NaN, text: '' };

/** The day in Asia/Shanghai of an instant, as 'YYYY-MM-DD': official periods begin and end on such days. */
export function shanghaiDay(instant: Date): string {
  const at = instant.getTime();
  // The offset is eight hours all year since summer time ended in 1991. Formatting with the calendar takes 50 µs each
  // time.
  if (!(at >= SUMMER_TIME_ENDED)) return shanghai.format(instant);
  const begins = at + EIGHT_HOURS - ((at + EIGHT_HOURS) % ONE_DAY);
  if (begins !== last.begins) last = { begins, text: new Date(begins).toISOString().slice(0, 10) };
  return last.text;
}
