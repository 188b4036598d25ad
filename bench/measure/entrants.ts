/** Contenders that are started, probed, and ready to be timed. */
import type { RedisServer } from '../../test/support/redis-server.ts';
import type { Bench, LeftOut } from '../bench.ts';
import { CONTENDERS, kindOf, REFERENCE, type Kind } from '../contenders/index.ts';
import type { Site } from '../site.ts';
import { startChild, type Child } from './child.ts';
import { inTurn } from './in-turn.ts';
import { probe, type Verdict } from './probe.ts';
import { startRedisForLoad } from './redis.ts';

export interface Entry {
  /** The contender's, unless it takes part more than once. */
  readonly label: string;
  readonly contender: string;
  readonly site: Site;
  /** Gets a Redis of its own, which the site then names. */
  readonly needsRedis?: boolean;
}

export interface Entrant extends Entry {
  readonly kind: Kind;
  readonly child: Child;
  readonly verdict: Verdict;
  stop(): Promise<void>;
}

export type Outcome = { readonly entrant: Entrant } | { readonly leftOut: LeftOut };

/** The contenders that take part with this site, once each; those of OpenTelemetry only where that is what is looked at. */
export function everybody(site: Site, { telemetry = false, redis = false } = {}): Entry[] {
  return CONTENDERS.filter(({ name }) => telemetry || !/telemetry|OTel/.test(name)).map(({ name }) => ({
    label: name,
    contender: name,
    site,
    needsRedis: redis && name !== REFERENCE,
  }));
}

/** Starts and probes all of them; what is wrong with ours or the reference fails the benchmark. */
export async function startAll(bench: Bench, entries: readonly Entry[]): Promise<Outcome[]> {
  const wanted = entries.filter(({ contender }) => bench.wants(contender));
  return inTurn(wanted, bench.isQuick, (entry) => start(bench, entry));
}

async function start(bench: Bench, entry: Entry): Promise<Outcome> {
  const { label: name, contender } = entry;
  const kind = kindOf(contender);
  let redis: RedisServer | undefined;
  const fail = async (why: string): Promise<Outcome> => {
    await redis?.stop();
    return { leftOut: { name, why } };
  };
  try {
    redis = entry.needsRedis ? await startRedisForLoad(bench.onCore) : undefined;
    const site = redis === undefined ? entry.site : { ...entry.site, redis: redis.path };
    const child = await startChild({ contender, site }, bench.onCore);
    if ('cannot' in child) return await fail(child.cannot);
    const verdict = await probe(child, site);
    judge(bench, name, kind, verdict);
    const stop = async (): Promise<void> => {
      await child.end();
      await redis?.stop();
    };
    return { entrant: { ...entry, site, kind, child, verdict, stop } };
  } catch (error) {
    return fail(failed(bench, contender, error));
  }
}

/** Why a contender could not be measured. Peers may fail; the reference and ours may not. */
export function failed(bench: Bench, contender: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  const kind = kindOf(contender);
  if (kind !== 'peer' && kind !== 'proxy') bench.fail(`${contender}: ${why}`);
  return `it failed: ${why}`;
}

function judge(bench: Bench, name: string, kind: Kind, { wrong, caches }: Verdict): void {
  if (kind === 'peer' || kind === 'proxy') return;
  if (wrong !== undefined) bench.fail(`${name}: ${wrong}`);
  // The floor runs no handler at all.
  if (kind !== 'floor' && caches !== (kind === 'ours')) bench.fail(`${name}: ${caches ? 'caches' : 'does not cache'}`);
}

export function entrantsIn(outcomes: readonly Outcome[]): Entrant[] {
  return outcomes.flatMap((outcome) => ('entrant' in outcome ? [outcome.entrant] : []));
}

export function leftOutIn(outcomes: readonly Outcome[]): LeftOut[] {
  return outcomes.flatMap((outcome) => ('leftOut' in outcome ? [outcome.leftOut] : []));
}
