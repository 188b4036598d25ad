import type { VariantRule } from '../entry/entry.ts';

/** What a follower gets when its wait is over. */
export type Landing<Answer> =
  /** The leader's answer, or the error that two leaders in a row ended with. */
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** The leader failed or is gone: this follower leads now. */
  | { readonly kind: 'lead'; readonly flight: Flight<Answer> }
  /** Two leaders in a row failed without an answer that could be shared. */
  | { readonly kind: 'failed'; readonly cause?: Error }
  /**
   * The answer is not to be shared, or the wait was too long: run the handler for yourself. `apart`: what those have to be told apart
   * by who may still share one with each other.
   */
  | { readonly kind: 'alone'; readonly apart?: VariantRule };

/** One's part in a flight. */
export type Part<Answer> =
  | { readonly role: 'leader'; readonly flight: Flight<Answer> }
  | { readonly role: 'follower'; readonly landing: Promise<Landing<Answer>>; readonly leave: () => void }
  /** The flight has its answer already and is being stored. */
  | { readonly role: 'late'; readonly answer: Answer }
  /** Too many flights or followers: run the handler for yourself. */
  | { readonly role: 'alone' };

export interface SingleFlightOptions {
  /** How long a follower waits, milliseconds. */
  readonly waitMs: number;
  /** Bounds: beyond them a request runs its own handler. */
  readonly maxFollowers: number;
  readonly maxFlights: number;
}

/** One run of the handler per key in this process, however many ask. */
export class SingleFlight<Answer> {
  readonly #flights = new Map<string, Flight<Answer>>();
  readonly #options: SingleFlightOptions;

  constructor(options: SingleFlightOptions) {
    this.#options = options;
  }

  /** Flights in progress. */
  get size(): number {
    return this.#flights.size;
  }

  enter(digest: string): Part<Answer> {
    const running = this.#flights.get(digest);
    if (running !== undefined) return running.join();
    if (this.#flights.size >= this.#options.maxFlights) return { role: 'alone' };
    const flight = new Flight<Answer>(this.#options, () => {
      if (this.#flights.get(digest) === flight) this.#flights.delete(digest);
      flight.forget();
    });
    this.#flights.set(digest, flight);
    return { role: 'leader', flight };
  }
}

/** A fill in progress: one leader at a time, followers that wait for it. */
export class Flight<Answer> {
  readonly #options: SingleFlightOptions;
  readonly #remove: () => void;
  readonly #followers = new Set<(landing: Landing<Answer>) => void>();
  #answer: { readonly value: Answer } | undefined;
  #failures = 0;
  #whenLeft: (() => void) | undefined;

  constructor(options: SingleFlightOptions, remove: () => void) {
    this.#options = options;
    this.#remove = remove;
  }

  /** Followers waiting now. */
  get followers(): number {
    return this.#followers.size;
  }

  join(): Part<Answer> {
    if (this.#answer !== undefined) return { role: 'late', answer: this.#answer.value };
    if (this.#followers.size >= this.#options.maxFollowers) return { role: 'alone' };
    const { promise, resolve } = Promise.withResolvers<Landing<Answer>>();
    const land = (landing: Landing<Answer>): void => {
      clearTimeout(timer);
      this.#followers.delete(land);
      resolve(landing);
    };
    const timer = setTimeout(() => land({ kind: 'alone' }), this.#options.waitMs);
    // A waiting follower has a socket that keeps the process alive; its timer need not.
    timer.unref();
    this.#followers.add(land);
    const leave = (): void => {
      land({ kind: 'alone' });
      this.#whenLeft?.();
    };
    return { role: 'follower', landing: promise, leave };
  }

  /** For the leader: called when a follower leaves before its wait is over. */
  onLeft(listener: () => void): void {
    this.#whenLeft = listener;
  }

  /** The leader has an answer for everybody; the flight stays until `close`, so that nobody starts another while it is stored. */
  answer(value: Answer): void {
    this.#answer = { value };
    this.#landAll({ kind: 'answer', answer: value });
  }

  /** The leader's answer is its own: everybody else runs the handler, in parallel, or waits for who is like it by `apart`. */
  release(apart?: VariantRule): void {
    this.#remove();
    this.#landAll({ kind: 'alone', ...(apart === undefined ? {} : { apart }) });
  }

  /**
   * The leader failed. The first time one follower becomes the leader; the second time the rest get the error
   * answer, where there is one, or `cause` (DESIGN D13).
   */
  fail(error: Answer | undefined, cause?: Error): void {
    this.#failures += 1;
    if (this.#failures === 1 && this.#elect()) return;
    this.#remove();
    this.#landAll(
      error === undefined
        ? { kind: 'failed', ...(cause === undefined ? {} : { cause }) }
        : { kind: 'answer', answer: error },
    );
  }

  /** There is no answer, and no use in another leader here. */
  giveUp(): void {
    this.#remove();
    this.#landAll({ kind: 'failed' });
  }

  /** The follower that was to lead has gone: another one leads. */
  handOver(): void {
    if (!this.#elect()) this.#remove();
  }

  /** The answer is stored, or will not be: whoever comes now looks it up. A flight that another leader goes on with stays. */
  close(): void {
    if (this.#answer !== undefined) this.#remove();
  }

  /**
   * Lets go of what it leads to: a Map that many keys come to and leave throws away table after table, and each of those holds the
   * flights it had when it was full until the next full collection.
   */
  forget(): void {
    this.#whenLeft = undefined;
  }

  #elect(): boolean {
    const [next] = this.#followers;
    next?.({ kind: 'lead', flight: this });
    return next !== undefined;
  }

  #landAll(landing: Landing<Answer>): void {
    // Each takes itself out of the set while it lands, which a Set's iteration allows.
    for (const land of this.#followers) land(landing);
  }
}
