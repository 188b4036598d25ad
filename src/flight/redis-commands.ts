import { createHash } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { Clock } from '../clock.ts';
import { AICacheError, clusterFlightFailed, clusterFlightTimedOut } from '../errors.ts';

export type RedisClient = Redis | Cluster;

export interface RedisCommandsOptions {
  /** The connection that fails fast while Redis is away; what it rejects with as an AICacheError is taken as reported. */
  readonly client: () => Promise<RedisClient>;
  /** The longest wait for one step, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Must not throw. Told at most once a minute of each kind of failure. */
  readonly onError: (error: AICacheError) => void;
}

/** A script and the digest Redis knows it by. Its arguments are public (see DESIGN section 6): tokens and numbers, no bodies. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const REPORT_AGAIN_MS = 60_000;

/** After a time-out nothing new is begun for so long: every request would wait as long. */
const REST_MS = 1_000;

export function script(lua: string): Script {
  // Redis names scripts by SHA-1; nothing is protected by it.
  return Object.freeze({ lua, sha: createHash('sha1').update(lua).digest('hex') });
}

/** Runs a script; Redis gets its text only where it does not know it yet. */
export async function runScript(
  client: RedisClient,
  { sha, lua }: Script,
  keys: readonly string[],
  args: readonly (string | number | Buffer)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}

/** The command connection, with a deadline and without errors: whoever gets no reply goes on without Redis. */
export class RedisCommands {
  readonly #options: RedisCommandsOptions;
  /** When each kind of failure was told last, monotonic milliseconds. */
  readonly #reported = new Map<string, number>();
  #restUntil = -Infinity;

  constructor(options: RedisCommandsOptions) {
    this.#options = options;
  }

  /** False for a second after a time-out: better not begin anything that would wait. */
  get isPrompt(): boolean {
    return this.#options.clock.monotonic() >= this.#restUntil;
  }

  /** What `work` gave; undefined where Redis is away, refused or was too slow. What comes late is dropped, an error too. */
  async run<T>(work: (client: RedisClient) => Promise<T>): Promise<T | undefined> {
    const { client, timeoutMs } = this.#options;
    let isLate = false;
    const start = async (): Promise<T | undefined> => {
      const connected = await client();
      return isLate ? undefined : work(connected);
    };
    try {
      return await answerWithin(timeoutMs, start());
    } catch (error) {
      isLate = true;
      this.#failed(error);
      return undefined;
    }
  }

  /** Reports a failure found elsewhere, as seldom as those found here. */
  report(error: AICacheError): void {
    const now = this.#options.clock.monotonic();
    if (now - (this.#reported.get(error.code) ?? -Infinity) < REPORT_AGAIN_MS) return;
    this.#reported.set(error.code, now);
    this.#options.onError(error);
  }

  #failed(error: unknown): void {
    if (error instanceof TimedOut || isCommandTimeout(error)) {
      this.#restUntil = this.#options.clock.monotonic() + REST_MS;
      this.report(clusterFlightTimedOut(this.#options.timeoutMs));
    } else if (!(error instanceof AICacheError)) {
      // An AICacheError is the connection's own, and it has reported it.
      this.report(clusterFlightFailed(reasonOf(error)));
    }
  }
}

class TimedOut extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Rejects with ETIMEDOUT when `work` takes longer; what comes after that is dropped, an error too. */
export function answerWithin<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // A reply may lie in the socket of a process that was busy until now: one turn of the event loop reads it.
    const timer = setTimeout(() => setImmediate(() => reject(new TimedOut())), deadlineMs);
    work.finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/** ioredis' own `commandTimeout` ran out; it has no other mark. */
function isCommandTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

/** One word, such as `ECONNRESET`, `NOPERM` or `OOM`: the message of an error of ioredis can hold keys and arguments. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code)) return code;
  if (error.name === 'ReplyError') return /^[A-Z]+(?= |$)/.exec(error.message)?.[0] ?? 'ERR';
  return isCommandTimeout(error) ? 'ETIMEDOUT' : error.name;
}
