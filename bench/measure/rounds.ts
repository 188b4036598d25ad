/** Everybody under load, in turn within every round, compared with the reference of the same round. */
import type { Bench, LeftOut } from '../bench.ts';
import { kindOf, REFERENCE } from '../contenders/index.ts';
import type { Plan } from '../load/load.ts';
import { ask, PLACEHOLDER } from '../site.ts';
import { entrantsIn, leftOutIn, startAll, type Entrant, type Entry } from './entrants.ts';

export interface Race {
  readonly entries: readonly Entry[];
  /** The numbers of the prompts of a round; warming up is round 0. Default: one prompt, always the same. */
  numbers?(entrant: Entry, round: number): NonNullable<Plan['numbers']>;
  /** Before it is loaded for the first time. Resolves to why it cannot be timed, where it cannot. */
  prepare?(entrant: Entrant): Promise<string | undefined>;
  /** Are the peers' answers probed in another scenario already? Then `--quick` leaves them out here. */
  readonly isProbedElsewhere?: boolean;
  /** Does every request run the handler, cache or not? Default: no. */
  readonly missesAll?: boolean;
}

/** What one contender came to. */
export interface Measured {
  readonly label: string;
  readonly contender: string;
  readonly kind: Entrant['kind'];
  /** Why it was not timed. */
  readonly wrong?: string;
  readonly caches: boolean;
  readonly rounds: readonly Round[];
}

export interface Round {
  /** CPU time of the server, microseconds a request. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly errors: number;
  /** The share of requests that ran the handler. */
  readonly runs: number;
}

export interface Raced {
  readonly measured: readonly Measured[];
  readonly leftOut: readonly LeftOut[];
}

export async function race(bench: Bench, asked: Race): Promise<Raced> {
  const { entries, numbers, prepare, isProbedElsewhere = false, missesAll = false } = asked;
  const outcomes = await startAll(bench, bench.isQuick && isProbedElsewhere ? withoutPeers(entries) : entries);
  const entrants = entrantsIn(outcomes);
  const unprepared: LeftOut[] = [];
  const timed: Entrant[] = [];
  const rounds = new Map<Entrant, Round[]>(entrants.map((entrant) => [entrant, []]));
  const load = (entrant: Entrant, round: number): Promise<Round> =>
    loadOnce(bench, entrant, numbers?.(entrant, round), round === 0 ? bench.warmUpSeconds : bench.seconds);
  try {
    for (const entrant of entrants.filter((each) => isTimed(bench, each))) {
      const why = await prepare?.(entrant);
      if (why === undefined) timed.push(entrant);
      else unprepared.push({ name: entrant.label, why });
      if (why === undefined) await warmUp(bench, () => load(entrant, 0), numbers === undefined);
    }
    for (let round = 1; round <= bench.rounds; round += 1) {
      bench.say(`  round ${round} of ${bench.rounds}`);
      for (const entrant of timed) {
        const result = await load(entrant, round);
        rounds.get(entrant)?.push(result);
        judge(bench, entrant, result, missesAll);
      }
    }
  } finally {
    for (const { stop } of entrants) await stop();
  }
  const isPrepared = ({ label }: Entrant): boolean => unprepared.every(({ name }) => name !== label);
  const measured = entrants.filter(isPrepared).map((entrant): Measured => {
    const { label, contender, kind, verdict } = entrant;
    return { label, contender, kind, ...verdict, rounds: rounds.get(entrant) ?? [] };
  });
  return { measured, leftOut: [...leftOutIn(outcomes), ...unprepared] };
}

/** What has been asked less often is not compiled to its end: on a busy machine that takes longer than a round. */
const WARM_REQUESTS = 30_000;
const MAX_WARM_UPS = 8;

/** `isRepeatable`: the requests of the round of warming up may be sent again. */
async function warmUp(bench: Bench, load: () => Promise<Round>, isRepeatable: boolean): Promise<void> {
  if (bench.warmUpSeconds === 0) return;
  let asked = 0;
  for (let times = 0; times < (isRepeatable ? MAX_WARM_UPS : 1) && asked < WARM_REQUESTS; times += 1) {
    asked += (await load()).perSecond * bench.warmUpSeconds;
  }
}

function withoutPeers(entries: readonly Entry[]): Entry[] {
  return entries.filter(({ contender }) => ['reference', 'ours'].includes(kindOf(contender)));
}

function isTimed({ isQuick }: Bench, { verdict, kind, contender }: Entrant): boolean {
  if (verdict.wrong !== undefined) return false;
  return !isQuick || kind === 'reference' || contender === 'express-ai-cache, parsed';
}

async function loadOnce(
  { generator, connections, onCore }: Bench,
  { child, site }: Entrant,
  numbers: Plan['numbers'],
  seconds: number,
): Promise<Round> {
  const asked = ask(site, numbers === undefined ? 1 : PLACEHOLDER);
  const plan = { port: child.port, asked, connections, seconds, ...(numbers === undefined ? {} : { numbers }) };
  const runsBefore = await child.ask('runs');
  const before = await child.ask('cpuMicros');
  const { requests, seconds: took, errors } = await generator.run(plan, onCore);
  const cpuMicros = (await child.ask('cpuMicros')) - before;
  const runs = (await child.ask('runs')) - runsBefore;
  return { cpuMicros: cpuMicros / requests, perSecond: requests / took, errors, runs: runs / requests };
}

/** Of what is answered from a cache, hardly anything comes from the handler: the first request of all. */
const MOST_RUNS = 0.01;

function judge(bench: Bench, { label, kind }: Entrant, { errors, runs }: Round, missesAll: boolean): void {
  if (kind === 'peer' || kind === 'proxy') return;
  if (errors > 0) bench.fail(`${label}: ${errors} requests failed under load`);
  if (kind === 'ours' && !missesAll && runs > MOST_RUNS)
    bench.fail(`${label}: the handler ran for ${runs} of the hits`);
}

/** The rounds of the reference, which everybody is compared with. */
export function referenceOf({ measured }: Raced): readonly Round[] {
  return measured.find(({ contender }) => contender === REFERENCE)?.rounds ?? [];
}
