import type { IncomingMessage } from 'node:http';
import type { Outcome } from '../telemetry/outcome.ts';
import { sendAgain, type RecordedRequest } from './re-entry.ts';

/** What a request that was run through the app did to the cache. */
export type WarmRunResult = 'stored' | 'skipped' | { readonly reason: string; readonly status?: number };

/** As long as a handler may run at the most without its client, by default. */
const DEADLINE_MS = 600_000;

/** Runs requests through the application, and learns from the middleware what became of each. */
export class WarmRuns {
  /** By the socket of the in-memory connection: no header could be trusted to say it. */
  readonly #bySocket = new WeakMap<object, WarmRun>();

  /** Undefined for every request that is not ours. */
  of(req: IncomingMessage): WarmRun | undefined {
    return this.#bySocket.get(req.socket);
  }

  async run(request: RecordedRequest, closing: AbortSignal): Promise<WarmRunResult> {
    const run = new WarmRun();
    const signal = AbortSignal.any([closing, AbortSignal.timeout(DEADLINE_MS)]);
    const status = await sendAgain(request, (socket) => this.#bySocket.set(socket, run), signal);
    const known = status === undefined ? {} : { status };
    if (signal.aborted) return { reason: closing.aborted ? 'closed' : 'timeout' };
    if (!run.isSeen) return { reason: 'not-cached', ...known };
    const result = await run.result;
    return typeof result === 'string' ? result : { ...result, ...known };
  }
}

/** One of them, as the middleware tells what happens to it. */
export class WarmRun {
  readonly #end = Promise.withResolvers<WarmRunResult>();
  #isSeen = false;

  /** The cache has seen the request: its outcome will come. */
  get isSeen(): boolean {
    return this.#isSeen;
  }

  get result(): Promise<WarmRunResult> {
    return this.#end.promise;
  }

  seen(): void {
    this.#isSeen = true;
  }

  answered({ result, bypass, stored, notStored }: Outcome): void {
    // Accepted: whether a tier has taken it is told by `written`.
    if (stored === true) return;
    if (result === 'hit' || result === 'coalesced') this.#end.resolve('skipped');
    else this.#end.resolve({ reason: notStored ?? bypass ?? result });
  }

  written({ stored, notStored = 'no-tier' }: { readonly stored: boolean; readonly notStored?: string }): void {
    this.#end.resolve(stored ? 'stored' : { reason: notStored });
  }
}
