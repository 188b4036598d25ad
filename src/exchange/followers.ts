import type { Entry } from '../entry/entry.ts';
import type { LiveStream } from '../flight/live-stream.ts';
import type { Flight } from '../flight/single-flight.ts';
import type { SpanLink } from '../telemetry/tracing.ts';
import { savedBy, type Spared } from './send-entry.ts';

/** What a leader has for its followers: a whole answer, or one in the making; what that spares is known when it is made. */
export type Answer = (
  | { readonly entry: Entry; readonly live?: undefined }
  | { readonly live: LiveStream; readonly entry?: undefined; readonly spared: Promise<Spared> }
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
  const spared = Promise.withResolvers<Spared>();
  return {
    get waiting() {
      return flight.followers;
    },
    onLeft: (listener) => flight.onLeft(listener),
    join: (live, leader) => flight.answer({ live, leader, spared: spared.promise }),
    answer: (answer) => {
      spared.resolve(savedBy(answer.entry));
      flight.answer(answer);
    },
    release: () => flight.release(),
    fail: (answer) => flight.fail(answer),
    close: () => {
      // Nobody knows what an answer cost that made no entry.
      spared.resolve({});
      flight.close();
    },
    mayStore: () => true,
  };
}
