interface Run<T> {
  readonly result: Promise<T>;
  readonly abandon: AbortController;
  waiting: number;
}

/** Runs under way, by name: those who ask for the same share one. It is aborted when the last of them has left. */
export class SharedRuns<T> {
  readonly #runs = new Map<string | symbol, Run<T>>();

  /**
   * `signal` ends this caller's wait alone, with its reason.
   *
   * @returns the run's value, and whether it was somebody else's run.
   */
  async join(
    name: string | symbol,
    start: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly value: T; readonly isShared: boolean }> {
    signal?.throwIfAborted();
    const found = this.#runs.get(name);
    const run = found ?? this.#start(name, start);
    run.waiting += 1;
    try {
      return { value: await unlessAborted(run.result, signal), isShared: found !== undefined };
    } finally {
      run.waiting -= 1;
      if (run.waiting === 0 && this.#runs.get(name) === run) {
        // Who comes now begins anew.
        this.#runs.delete(name);
        run.abandon.abort();
      }
    }
  }

  #start(name: string | symbol, start: (signal: AbortSignal) => Promise<T>): Run<T> {
    const abandon = new AbortController();
    const result = start(abandon.signal).finally(() => {
      if (this.#runs.get(name) === run) this.#runs.delete(name);
    });
    const run: Run<T> = { result, abandon, waiting: 0 };
    this.#runs.set(name, run);
    return run;
  }
}

async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return result;
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([result, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
