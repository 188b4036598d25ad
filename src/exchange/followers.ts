import type { Entry } from '../entry/entry.ts';
import type { LiveStream } from '../flight/live-stream.ts';
import type { Flight } from '../flight/single-flight.ts';
import type { SpanLink } from '../telemetry/tracing.ts';

/** What a leader has for its followers: a whole answer, or one in the making. */
export type Answer = (
  | { readonly entry: Entry; readonly live?: undefined }
  | { readonly live: LiveStream; readonly entry?: undefined }
) & {
  /** The fill's span, where it was made in this process. */
  readonly leader?: SpanLink;
};

/** A whole answer. */
export type WholeAnswer = Extract<Answer, { entry: Entry }>;

/** Those who wait for a fill, near and far. */
export interface Followers {
  /** How many wait here. */
  readonly waiting: number;
  /** Calls `listener` when one who waited here has left. */
  onLeft(listener: () => void): void;
  /** An answer they can join while it is made. */
  join(live: LiveStream, leader: SpanLink): void;
  /** The whole answer; `isStored` where it will be found in the tiers too. */
  answer(answer: WholeAnswer): void;
  /** The answer is not for them: each runs the handler. */
  release(): void;
  /** The leader failed; `answer` is the error, where there is one to share. */
  fail(answer: WholeAnswer | undefined): void;
  /** It is stored, or will not be: whoever comes now looks it up. */
  close(isStored: boolean): void;
  /** May the answer still be stored? A lease that was lost says no: another leader's newer answer must stay. */
  mayStore(): Promise<boolean> | true;
}

export const NO_FOLLOWERS: Followers = Object.freeze({
  waiting: 0,
  onLeft: () => undefined,
  join: () => undefined,
  answer: () => undefined,
  release: () => undefined,
  fail: () => undefined,
  close: () => undefined,
  mayStore: () => true,
});

/** The followers in this process. */
export function followersOf(flight: Flight<Answer>): Followers {
  return {
    get waiting() {
      return flight.followers;
    },
    onLeft: (listener) => flight.onLeft(listener),
    join: (live, leader) => flight.answer({ live, leader }),
    answer: (answer) => flight.answer(answer),
    release: () => flight.release(),
    fail: (answer) => flight.fail(answer),
    close: () => flight.close(),
    mayStore: () => true,
  };
}
