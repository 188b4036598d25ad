import { statisticsLost, type AICacheError } from '../errors.ts';
import { statsOf, type Series, type Stats, type StatsFilter } from '../telemetry/stats.ts';
import { numbersOf, seriesFrom } from '../telemetry/series-totals.ts';
import type { RedisConnection } from '../tiers/redis-connection.ts';
import type { RedisStatistics } from '../tiers/redis-statistics.ts';
import { settle } from '../tiers/settle.ts';

export interface ClusterStatsOptions {
  readonly statistics: Pick<RedisStatistics, 'write' | 'read' | 'close'>;
  /** What this process has counted since it began. */
  readonly series: () => Iterable<Series>;
  readonly connection: Pick<RedisConnection, 'state' | 'onReady'>;
  /** Must not throw. Told once until it goes well again. */
  readonly onError: (error: AICacheError) => void;
}

const WRITE_EVERY_MS = 5_000;

const CLOSE_DEADLINE_MS = 1_000;

/** A process that counts nothing says all the same that it runs, every so many intervals. */
const SILENT_INTERVALS = 120;

/** Shares what this process counts with the others, a few times a minute, never on a request. */
export class ClusterStats {
  readonly #options: ClusterStatsOptions;
  /** The numbers that Redis has acknowledged, by series. */
  readonly #written = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #silentIntervals = 0;
  #writing: Promise<void> | undefined;
  #hasWritten = false;
  #isReported = false;
  #isClosed = false;

  constructor(options: ClusterStatsOptions) {
    this.#options = options;
    options.connection.onReady(() => {
      if (this.#isClosed) return;
      // It may have lost what was written: the next interval finds out, though nothing is counted meanwhile.
      this.#silentIntervals = SILENT_INTERVALS;
      this.#timer ??= setInterval(() => void this.#onInterval(), WRITE_EVERY_MS).unref();
    });
  }

  /** Of all processes, this one to the last request. Rejects where Redis does not answer. */
  async stats(filter: StatsFilter): Promise<Stats> {
    if (this.#hasWritten || this.#changed().size > 0) await this.#write();
    const totals = await this.#options.statistics.read();
    const all = [...totals].flatMap(([name, numbers]) => seriesFrom(name, numbers) ?? []);
    return statsOf(all, filter);
  }

  /** Writes what is left, and ends this process' part, within a second. Never rejects. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    const { connection, statistics, onError } = this.#options;
    const isToWrite = this.#changed().size > 0;
    if (!isToWrite && !this.#hasWritten) return;
    // Where nothing was asked of Redis yet it is now.
    if (!['ready', 'idle'].includes(connection.state())) {
      if (isToWrite) onError(statisticsLost(undefined));
      return;
    }
    const ended = await settle(async () => {
      if (isToWrite) await this.#write();
      if (this.#hasWritten) await statistics.close();
    }, CLOSE_DEADLINE_MS);
    if (ended.end !== 'value') onError(statisticsLost(ended.end === 'error' ? ended.error : undefined));
  }

  async #onInterval(): Promise<void> {
    this.#silentIntervals += 1;
    // While it is away nothing is lost: the next write has the sums.
    if (this.#options.connection.state() !== 'ready') return;
    if (this.#changed().size === 0 && !(this.#hasWritten && this.#silentIntervals >= SILENT_INTERVALS)) return;
    try {
      await this.#write();
      this.#isReported = false;
    } catch (error) {
      // A connection that was lost tells so itself.
      if (this.#isReported || this.#options.connection.state() !== 'ready') return;
      this.#isReported = true;
      this.#options.onError(error as AICacheError);
    }
  }

  /** What was counted until now; behind a write under way. */
  async #write(): Promise<void> {
    if (this.#writing !== undefined) await this.#writing.catch(() => undefined);
    this.#writing ??= this.#writeNow().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #writeNow(): Promise<void> {
    const { statistics } = this.#options;
    this.#silentIntervals = 0;
    let changed = this.#changed();
    if ((await statistics.write(totalsOf(changed), !this.#hasWritten)) === 'whole') {
      this.#written.clear();
      changed = this.#changed();
      await statistics.write(totalsOf(changed), true);
    }
    this.#hasWritten = true;
    for (const [name, { text }] of changed) this.#written.set(name, text);
  }

  /** The series that Redis does not have as they are. */
  #changed(): Map<string, Changed> {
    const changed = new Map<string, Changed>();
    for (const series of this.#options.series()) {
      const [name, totals] = numbersOf(series);
      const text = totals.join(' ');
      if (this.#written.get(name) !== text) changed.set(name, { totals, text });
    }
    return changed;
  }
}

interface Changed {
  readonly totals: readonly number[];
  readonly text: string;
}

function totalsOf(changed: ReadonlyMap<string, Changed>): Map<string, readonly number[]> {
  return new Map(Array.from(changed, ([name, { totals }]) => [name, totals]));
}
