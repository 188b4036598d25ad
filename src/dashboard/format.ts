/** Figures as people read them. In English everywhere: the page is. */

const NONE = '–';
const whole = new Intl.NumberFormat('en');
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayAndClock = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });
const clockWithSeconds = new Intl.DateTimeFormat('en', { timeStyle: 'medium', hourCycle: 'h23' });

/** 1,234; from a million on 1.23M. */
export function formatCount(count: number): string {
  return count < 1_000_000 ? whole.format(count) : compact.format(count);
}

/** 1,234; from ten thousand on 12.3K. */
export function formatTokens(count: number): string {
  return count < 10_000 ? whole.format(count) : compact.format(count);
}

/** A share of 1; null where there is nothing to divide by. Never 100 % or 0 % where it is not all or nothing. */
export function formatPercent(share: number | null): string {
  if (share === null) return NONE;
  const percent = share * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent < 0.1) return '< 0.1 %';
  if (percent > 99.9) return '> 99.9 %';
  return `${percent.toFixed(1)} %`;
}

/** Four decimals below a dollar: model calls cost that little. No cents from ten thousand on; from a million on $1.23M. */
export function formatUsd(usd: number): string {
  if (usd === 0) return '$0';
  if (usd < 0.0001) return '< $0.0001';
  if (usd >= 1_000_000) return `$${compact.format(usd)}`;
  if (usd >= 10_000) return `$${whole.format(Math.round(usd))}`;
  const digits = usd < 1 ? 4 : 2;
  return `$${usd.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

export function formatMs(ms: number): string {
  if (ms >= 60_000) return formatSeconds(ms / 1_000);
  if (ms >= 1_000) return `${short(ms / 1_000)} s`;
  if (ms >= 1) return `${short(ms)} ms`;
  return ms === 0 ? '0 ms' : `${short(ms * 1_000)} µs`;
}

const MANY_DAYS = 100;

/** A length of time in its two largest units; milliseconds below a second, days alone where they are many. */
export function formatSeconds(seconds: number): string {
  if (seconds > 0 && seconds < 1) return formatMs(seconds * 1_000);
  if (seconds < 60) return `${short(seconds)} s`;
  if (seconds >= MANY_DAYS * 86_400) return `${whole.format(Math.floor(seconds / 86_400))} d`;
  const [large, largeName, small, smallName] = unitsOf(seconds);
  return small === 0 ? `${large} ${largeName}` : `${large} ${largeName} ${small} ${smallName}`;
}

export function formatBytes(bytes: number): string {
  const exponent = bytes < 1_024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  const unit = ['B', 'KiB', 'MiB', 'GiB', 'TiB'][exponent] ?? 'B';
  return `${short(bytes / 1_024 ** exponent)} ${unit}`;
}

export function formatDate(date: Date): string {
  return dayAndClock.format(date);
}

/** Hours and minutes of the reader's own clock. */
export function formatTime(date: Date): string {
  return clock.format(date);
}

export function formatTimeWithSeconds(date: Date): string {
  return clockWithSeconds.format(date);
}

/** Three digits that count, no zeros at the end. */
function short(value: number): string {
  return value >= 100 ? whole.format(Math.round(value)) : String(Number(value.toPrecision(3)));
}

function unitsOf(seconds: number): [number, string, number, string] {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return [minutes, 'min', Math.floor(seconds % 60), 's'];
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return [hours, 'h', minutes % 60, 'min'];
  return [Math.floor(hours / 24), 'd', hours % 24, 'h'];
}
