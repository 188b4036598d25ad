import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { WireAnswer } from '../../support/wire-answer.ts';
import {
  differences,
  hitLines,
  linesOf,
  ON_MISSES,
  withoutOwnEtag,
  type Difference,
  type Lines,
} from './differences.ts';

/** What one connection got, and what the app saw of it. */
export interface Exchange {
  readonly answers: readonly WireAnswer[];
  /** The events that the outermost middleware saw of each request. */
  readonly events: readonly (readonly unknown[])[];
  /** What other middleware in front of the cache noted. */
  readonly notes: readonly unknown[];
  /** What each run of the handler saw, and of middleware beside it. */
  readonly inside: readonly (readonly unknown[])[];
}

/** What the cache says of an answer, without its name; of a hit only that it is one. */
export function saidOf({ cacheStatus }: WireAnswer): string | undefined {
  return cacheStatus?.replace(/^(.*, )?ai-cache; /, '').replace(/^hit;.*$/, 'hit');
}

/** Compares one connection without and with the cache; returns those of the allowed differences that there were. */
export function compare(allowed: readonly Difference[], plain: Exchange, cached: Exchange): Difference[] {
  const isHit = (answer: WireAnswer): boolean => ['hit', 'fwd=miss; collapsed'].includes(saidOf(answer) ?? '');
  const hits = cached.answers.filter(isHit);
  const isFinal = ({ status }: WireAnswer): boolean => status >= 200;
  const isWithoutInterim = hits.length > 0 && allowed.includes('interim');
  const expected = isWithoutInterim ? plain.answers.filter(isFinal) : plain.answers;
  expect(cached.answers).toHaveLength(expected.length);
  const found = cached.answers.flatMap((answer, index) => {
    const [was, is] = [linesOf((expected[index] as WireAnswer).raw), linesOf(answer.raw)];
    // What the handler said still holds is sent as a hit is.
    const isStored = isHit(answer) || saidOf(answer)?.includes('fwd-status=304') === true;
    if (isStored) return compareLines(allowed, hitLines(was), hitLines(withoutOwnEtag(was, is)));
    return compareLines(
      ON_MISSES.filter((name) => allowed.includes(name)),
      was,
      is,
    );
  });
  expect(cached.events).toEqual(plain.events);
  expect(cached.notes).toEqual(plain.notes);
  // What hits do not run is seen without the cache alone.
  if (hits.length === 0) expect(cached.inside).toEqual(plain.inside);
  return expected.length < plain.answers.length ? [...found, 'interim'] : found;
}

function compareLines(allowed: readonly Difference[], was: Lines, is: Lines): Difference[] {
  const alike = (names: readonly Difference[], lines: Lines): Lines =>
    names.reduce((left, name) => differences[name](left), lines);
  expect(alike(allowed, is)).toEqual(alike(allowed, was));
  return allowed.filter((name) => {
    const others = allowed.filter((other) => other !== name);
    return !isDeepStrictEqual(alike(others, is), alike(others, was));
  });
}
