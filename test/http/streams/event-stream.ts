import type { Response } from 'express';
import type { CachedSite } from '../../support/cached-site.ts';

/** One event of an event stream; without a name its data stand alone. */
export function event(data: unknown, name?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`;
}

export const DONE = event('[DONE]');

/** Some events and their end, one write each. */
export const EVENTS: readonly string[] = [event('{"token":"Grüße"}'), event('{"token":" 🎈"}'), DONE];

/** Sends an event stream, one write for each event. */
export function sendEvents(res: Response, events: readonly string[]): void {
  res.type('text/event-stream');
  for (const one of events) res.write(one);
  res.end();
}

/** Why answers were not stored, and how often, as telemetry has it. */
export function notStored(site: CachedSite): object {
  return site.cache.monitor.snapshot().requests.notStoredReasons;
}
