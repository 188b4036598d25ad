import type { ClusterFill, ClusterLanding } from '../flight/cluster-flights.ts';
import type { LiveStream } from '../flight/live-stream.ts';
import type { Flight } from '../flight/single-flight.ts';
import { isClosed, type KeyedExchange } from './exchange.ts';
import { followersOf, type Answer, type Followers } from './followers.ts';
import { generationOf } from './generation.ts';
import { sparedByLive } from './spared-by-live.ts';

/** What the leader of a process's flight does after it has asked the cluster. */
export type ClusterTurn =
  /** Runs the handler, for these followers. */
  | { readonly kind: 'run'; readonly followers: Followers }
  /** Shares this answer; its followers here have it already. */
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** Two leaders of the cluster failed, with nothing to share. */
  | { readonly kind: 'failed' }
  /** Its client went meanwhile; another one of this process leads. */
  | { readonly kind: 'gone' };

type Other = Exclude<ClusterLanding, { kind: 'live' | 'answer' }>;

/**
 * One fill per key in the cluster: the leader of a flight of this process takes the key's lease, or follows the process that
 * has it. Where Redis is away each process coalesces for itself. `mayLookUp`: what is stored meanwhile will do.
 */
export async function askCluster(
  exchange: KeyedExchange,
  flight: Flight<Answer>,
  mayLookUp: boolean,
): Promise<ClusterTurn> {
  const { parts, key, budget } = exchange;
  const startedAt = parts.clock.monotonic();
  // A Redis that has used up this request's patience is not asked for the lease too.
  const part = budget.remainingMs() > 0 ? await parts.cluster?.enter(key.digest, generationOf(exchange)) : undefined;
  budget.spend(parts.clock.monotonic() - startedAt);
  if (part === undefined || part.role === 'alone') return goOn(exchange, flight, { kind: 'alone' }, mayLookUp);
  if (part.role === 'leader') return lead(exchange, flight, part.fill, mayLookUp);
  // Those who follow here need somebody who follows elsewhere for them.
  const leaveAlone = (): void => {
    if (flight.followers === 0) part.leave();
  };
  exchange.res.once('close', leaveAlone);
  const landing = await part.landing;
  exchange.res.off('close', leaveAlone);
  if (landing.kind === 'live') return join(exchange, flight, landing.stream, part.leave);
  if (landing.kind === 'answer') return share(flight, { entry: landing.entry });
  return goOn(exchange, flight, landing, mayLookUp);
}

async function goOn(
  exchange: KeyedExchange,
  flight: Flight<Answer>,
  landing: Other,
  mayLookUp: boolean,
): Promise<ClusterTurn> {
  if (landing.kind === 'lead') return lead(exchange, flight, landing.fill, mayLookUp);
  if (landing.kind === 'failed') {
    flight.giveUp();
    return { kind: 'failed' };
  }
  const stored = mayLookUp && landing.kind === 'stored' ? await lookedUp(exchange) : undefined;
  if (stored !== undefined) return share(flight, stored);
  if (!isClosed(exchange)) return { kind: 'run', followers: followersOf(flight) };
  flight.handOver();
  return { kind: 'gone' };
}

/** With the lease in hand the key is looked up once more: the leader before may have stored it in between. */
async function lead(
  exchange: KeyedExchange,
  flight: Flight<Answer>,
  fill: ClusterFill,
  mayLookUp: boolean,
): Promise<ClusterTurn> {
  const stored = mayLookUp ? await lookedUp(exchange) : undefined;
  if (stored !== undefined) {
    void fill.stored();
    return share(flight, stored);
  }
  if (!isClosed(exchange)) return { kind: 'run', followers: clusterFollowers(flight, fill) };
  void fill.handOver();
  flight.handOver();
  return { kind: 'gone' };
}

async function lookedUp({ parts, key, budget }: KeyedExchange): Promise<Answer | undefined> {
  const found = await parts.store.lookupFresh(key, budget);
  return found && { entry: found.entry };
}

function share(flight: Flight<Answer>, answer: Answer): ClusterTurn {
  flight.answer(answer);
  flight.close();
  return { kind: 'answer', answer };
}

/** The stream is made elsewhere; who asks here while it runs joins it too. */
function join(exchange: KeyedExchange, flight: Flight<Answer>, live: LiveStream, leave: () => void): ClusterTurn {
  // Once: who waits for the end counts as a reader.
  const over = live.over();
  const spared = over.then(() => sparedByLive(exchange, live));
  const answer: Answer = { live, spared, made: over.then(() => undefined) };
  flight.answer(answer);
  void over.then(() => {
    flight.close();
    leave();
  });
  return { kind: 'answer', answer };
}

/** The followers in this process and in all others. */
function clusterFollowers(flight: Flight<Answer>, fill: ClusterFill): Followers {
  const here = followersOf(flight);
  let shared: Answer | undefined;
  return {
    get waiting() {
      return here.waiting;
    },
    onLeft: (listener) => here.onLeft(listener),
    join: (live, leader) => {
      here.join(live, leader);
      fill.live(live);
    },
    answer: (answer) => {
      shared = answer;
      here.answer(answer);
    },
    release: (apart) => {
      void fill.release();
      here.release(apart);
    },
    fail: (answer) => {
      // Told first, so that the follower who leads here next finds the failure counted.
      void fill.fail(answer?.entry, flight.followers > 0);
      here.fail(answer);
    },
    close: (isStored) => {
      if (isStored) void fill.stored();
      else if (shared?.entry !== undefined) void fill.share(shared.entry);
      // Whatever has ended it before, it must not go on to renew its lease.
      else void fill.release();
      here.close(isStored);
    },
    mayStore: () => fill.isOurs(),
  };
}
