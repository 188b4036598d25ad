const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/** IMF-fixdate, RFC 850 and asctime (RFC 9110 §5.6.7). `Date.parse` would also read other zones, forms and missing parts. */
const FIXDATE = /^(?:mon|tue|wed|thu|fri|sat|sun), (\d{2}) ([a-z]{3}) (\d{4}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const RFC_850 = /^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\d{2})-([a-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) gmt$/i;
const ASCTIME = /^(?:mon|tue|wed|thu|fri|sat|sun) ([a-z]{3}) ([ \d]\d) (\d{2}):(\d{2}):(\d{2}) (\d{4})$/i;

/** A year of two digits that would be further ahead is one of the past (RFC 9110 §5.6.7). */
const YEARS_AHEAD = 50;

/** The time that an HTTP-date names, milliseconds since the epoch; undefined for what is none. `now` decides on years of two digits. */
export function parseHttpDate(text: string, now: number): number | undefined {
  const fixdate = FIXDATE.exec(text);
  if (fixdate !== null) return timeOf(Number(fixdate[3]), fixdate[2], fixdate[1], fixdate.slice(4));
  const rfc850 = RFC_850.exec(text);
  if (rfc850 !== null) return timeOf(nearYear(Number(rfc850[3]), now), rfc850[2], rfc850[1], rfc850.slice(4));
  const asctime = ASCTIME.exec(text);
  return asctime === null ? undefined : timeOf(Number(asctime[6]), asctime[1], asctime[2], asctime.slice(3, 6));
}

function timeOf(
  year: number,
  monthName: string | undefined,
  dayText: string | undefined,
  clock: readonly string[],
): number | undefined {
  const month = MONTHS.indexOf((monthName ?? '').toLowerCase());
  const day = Number(dayText);
  const [hour = 0, minute = 0, second = 0] = clock.map(Number);
  if (month === -1 || hour > 23 || minute > 59 || second > 60) return undefined;
  const time = Date.UTC(year, month, day, hour, minute, second);
  // The 31st of a shorter month is no date.
  return new Date(Date.UTC(year, month, day)).getUTCDate() === day ? time : undefined;
}

function nearYear(twoDigits: number, now: number): number {
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + YEARS_AHEAD ? year - 100 : year;
}
