import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Long work in slices: each `yield` is a place where other requests may be served. A slice takes a few milliseconds at the most.
 */
export type Sliced<Result> = Generator<void, Result, void>;

/** All of it at once. */
export function atOnce<Result>(work: Sliced<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** The first slice at once, which is all that most work has; by a promise else, each further slice in a turn of the event loop of its own. */
export function inTurns<Result>(work: Sliced<Result>): Result | Promise<Result> {
  const { done, value } = work.next();
  return done === true ? value : onwards(work);
}

async function onwards<Result>(work: Sliced<Result>): Promise<Result> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one slice after the other is what it is for
    await nextTurn();
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
