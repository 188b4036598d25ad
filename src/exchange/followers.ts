import type { Entry, VariantRule } from '../entry/entry.ts';
import type { LiveStream } from '../flight/live-stream.ts';
import type { Flight } from '../flight/single-flight.ts';
import type { SpanLink } from '../telemetry/tracing.ts';
import { savedBy, type Spared } from './send-entry.ts';

/** What a leader has for its followers: a whole answer, or one in the making; what that spares is known when it is made. */
export type Answer = (
  | { readonly entry: Entry; readonly live?: undefined }
  | {
      readonly live: LiveStream;
      readonly entry?: undefined;
      readonly spared: Promise<Spared>;
      /** What came of it, for those who wait for the whole; none where it was not made here or is not for others. */
      readonly made: Promise<Entry | undefined>;
    }
) & {
  /** The fill's span, where it was made in this process. */
  readonly leader?: SpanLink;
};

/** A whole answer. */
export type WholeAnswer = Extract<Answer, { entry: Entry }>;

/** An answer in the making. */
export type LiveAnswer = Extract<Answer, { live: LiveStream }>;

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
  /** The answer is not for them: each runs the handler, or waits for who has the same values of the headers of `apart`. */
  release(apart?: VariantRule): void;
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
  const made = Promise.withResolvers<Entry | undefined>();
  // Nobody knows what an answer cost that made no entry.
  const spared = made.promise.then((entry) => (entry === undefined ? {} : savedBy(entry)));
  return {
    get waiting() {
      return flight.followers;
    },
    onLeft: (listener) => flight.onLeft(listener),
    join: (live, leader) => flight.answer({ live, leader, spared, made: made.promise }),
    answer: (answer) => {
      made.resolve(answer.entry);
      flight.answer(answer);
    },
    release: (apart) => flight.release(apart),
    fail: (answer) => flight.fail(answer),
    close: () => {
      made.resolve(undefined);
      flight.close();
    },
    mayStore: () => true,
  };
}
