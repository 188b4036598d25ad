import type { ServerResponse } from 'node:http';

/** How long a client may take nothing while others wait for the same bytes, milliseconds. */
const STALL_MS = 5_000;

/** Notices that the client of a response takes nothing, and its handler so waits for it. */
export class StalledClient {
  readonly #res: ServerResponse;
  readonly #onStalled: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `onStalled` is told after each five seconds of it. */
  constructor(res: ServerResponse, onStalled: () => void) {
    this.#res = res;
    this.#onStalled = onStalled;
  }

  /** To be called after a write. */
  check(): void {
    if (this.#timer !== undefined || !this.#res.writableNeedDrain) return;
    this.#res.once('drain', this.stop);
    this.#timer = setTimeout(() => {
      this.stop();
      this.#onStalled();
      this.check();
    }, STALL_MS).unref();
  }

  readonly stop = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#res.off('drain', this.stop);
  };
}
