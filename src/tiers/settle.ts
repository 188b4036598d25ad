/** How some work ended, or that it had not by its deadline. */
export type Settled<T> =
  | { readonly end: 'value'; readonly value: T }
  | { readonly end: 'error'; readonly error: unknown }
  | { readonly end: 'timeout' };

/** Waits for `work` until `deadlineMs` have passed. Never rejects; what comes after the deadline is dropped, an error too. */
export function settle<T>(work: () => T | Promise<T>, deadlineMs: number): Promise<Settled<T>> {
  return new Promise((resolve) => {
    // A reply may lie in the socket of a process that was busy until now: one turn of the event loop reads it.
    const timer = setTimeout(() => setImmediate(resolve, { end: 'timeout' }), deadlineMs);
    const finish = (settled: Settled<T>): void => {
      clearTimeout(timer);
      resolve(settled);
    };
    void started(work).then(
      (value) => finish({ end: 'value', value }),
      (error: unknown) => finish({ end: 'error', error }),
    );
  });
}

async function started<T>(work: () => T | Promise<T>): Promise<T> {
  return work();
}
