import type { Request } from 'express';
import { shownValue } from '../config/shown-value.ts';
import { authorizeRequired } from '../errors.ts';

/** What changes the cache. */
export const CHANGES = ['invalidate', 'clear', 'warm'] as const;

/** What a request wants to do: read statistics, ask whether the cache is well, or change it. */
export type StatsAction = 'read' | 'health' | (typeof CHANGES)[number];

/** Who may do what: exactly `true`, or a promise of it, lets the request in; everything else, a throw too, is a 403. */
export type Authorize = (req: Request, action: StatsAction) => boolean | Promise<boolean>;

export type IsAllowed = (req: Request, action: StatsAction) => Promise<boolean>;

/** Throws AICacheError `AUTHORIZE_REQUIRED` for anything but a function and `'none'`. */
export function authorization(authorize: unknown): IsAllowed {
  if (authorize === 'none') return () => Promise.resolve(true);
  if (typeof authorize !== 'function') throw authorizeRequired(shownValue(authorize));
  return async (req, action) => {
    try {
      const answer: unknown = await authorize(req, action);
      return answer === true;
    } catch {
      return false;
    }
  };
}
