/** Counts what came, and lets a test wait for so many. */
export interface Arrivals {
  readonly count: number;
  /** Call it for each; always false, so that it can be a route's `skip`. */
  readonly note: () => false;
  reached(count: number): Promise<void>;
}

/**
 * As a route's `skip` it counts the requests that have come to the cache: with a memory tier alone each of them leads, follows or
 * is answered before anybody who waits here goes on.
 */
export function arrivals(): Arrivals {
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    note: () => {
      count += 1;
      waiting.get(count)?.resolve();
      return false;
    },
    reached: (wanted) => {
      const resolvers = waiting.get(wanted) ?? Promise.withResolvers<void>();
      if (count >= wanted) resolvers.resolve();
      waiting.set(wanted, resolvers);
      return resolvers.promise;
    },
  };
}
