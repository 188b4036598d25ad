import { shownValue } from '../config/shown-value.ts';
import type { Problem } from './answer.ts';
import type { StatsFilter } from './inspectable.ts';

const LONGEST_FILTER = 256;

/**
 * The filters of a request, each at most once, or what is wrong with them. Read from the URL: `req.query` is what the app's
 * setting `query parser` makes of it, which may be nothing.
 */
export function filtersOf(url: string, allowed: readonly (keyof StatsFilter)[]): StatsFilter | Problem {
  const start = url.indexOf('?');
  const filters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(start === -1 ? '' : url.slice(start))) {
    const fault = faultOf(name, value, allowed, Object.hasOwn(filters, name));
    if (fault !== undefined) return { status: 400, detail: fault, parameter: name.slice(0, LONGEST_FILTER) };
    filters[name] = value;
  }
  return filters;
}

function faultOf(name: string, value: string, allowed: readonly string[], isRepeated: boolean): string | undefined {
  if (!allowed.includes(name)) {
    const known = allowed.length === 0 ? 'There are none here.' : `Known here: ${allowed.join(', ')}.`;
    return `There is no query parameter ${shownValue(name)}. ${known}`;
  }
  if (isRepeated) return `The query parameter "${name}" is given more than once.`;
  if (value === '' || value.length > LONGEST_FILTER) {
    return `The query parameter "${name}" is ${value.length} characters long. Allowed: 1 to ${LONGEST_FILTER}.`;
  }
  return undefined;
}
