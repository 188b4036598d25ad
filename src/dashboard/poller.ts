const INTERVAL_MS = 5_000;
const LONGEST_MS = 60_000;

/**
 * Asks again and again, one answer after the other: every 5 seconds, ever more seldom while it fails, and not at all while the page
 * is hidden or paused.
 */
export class Poller {
  readonly #ask: () => Promise<void>;
  #timer: number | undefined;
  #running: Promise<void> | undefined;
  #failures = 0;
  #isPaused = false;

  /** `ask` rejects where it failed. */
  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) this.#cancel();
      else if (!this.#isPaused) void this.now();
    });
  }

  /** Seconds until it asks again after the last failure. */
  get delaySeconds(): number {
    return this.#delayMs() / 1_000;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
    this.#cancel();
  }

  resume(): void {
    this.#isPaused = false;
    void this.now();
  }

  /** Asks at once, also when paused; an answer on its way is waited for first. */
  async now(): Promise<void> {
    this.#cancel();
    await this.#running;
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    await this.#running;
  }

  async #run(): Promise<void> {
    this.#failures += 1;
    try {
      await this.#ask();
      this.#failures = 0;
    } catch {
      // Whoever asks has said so on the page.
    }
    this.#cancel();
    if (!this.#isPaused && !document.hidden) {
      this.#timer = window.setTimeout(() => void this.now(), this.#delayMs());
    }
  }

  #delayMs(): number {
    return Math.min(INTERVAL_MS * 2 ** this.#failures, LONGEST_MS);
  }

  #cancel(): void {
    window.clearTimeout(this.#timer);
  }
}
