import { fillFailedTwice } from '../errors.ts';
import type { Flight, Landing, Part } from '../flight/single-flight.ts';
import { modelOf } from '../request/labels.ts';
import type { GetSpan, SpanLink } from '../telemetry/tracing.ts';
import { askCluster, type ClusterTurn } from './cluster.ts';
import { isClosed, onceClosed, reportOutcome, type KeyedExchange, type OutcomeFacts } from './exchange.ts';
import { fill, type FillOptions } from './fill.ts';
import { followersOf, type Answer, type Followers, type LiveAnswer, type WholeAnswer } from './followers.ts';
import { flightOf } from './generation.ts';
import { announce, openOwnContext } from './pass-by.ts';
import type { Forwarded } from '../response/cache-status.ts';
import { bodyFor, joinLive, savedBy, sendEntry } from './send-entry.ts';
import { isCoveredByStale, sendStale, type StaleAnswer } from './stale.ts';
import { withVariant } from './variants.ts';

/** A request that no tier could answer. */
export interface Miss {
  readonly exchange: KeyedExchange;
  readonly span: GetSpan;
  /** Why it goes to the handler. Default: a miss. */
  readonly fwd?: Forwarded;
  /** The request takes no stored answer: one that is whole is stored, if only in a moment. */
  readonly wantsNew?: boolean;
  /** What may be sent in place of an error, or where the handler says that it still holds. */
  readonly stale?: StaleAnswer;
  /** A background refresh, and the request that caused it. */
  readonly cause?: SpanLink;
}

type Follower = Extract<Part<Answer>, { role: 'follower' }>;

/** Leads a flight, follows one, or runs the handler alone where it may not wait. */
export function missed(miss: Miss): void | Promise<void> {
  const { parts, key } = miss.exchange;
  const waits = parts.flights !== undefined && !parts.hitForMiss.has(key.digest);
  const part: Part<Answer> = waits ? parts.flights.enter(flightOf(miss.exchange)) : { role: 'alone' };
  if (miss.cause !== undefined && (part.role === 'follower' || part.role === 'late')) return endRefresh(miss, part);
  if (part.role === 'follower') return follow(miss, part);
  if (part.role === 'late') {
    const isRefused = miss.wantsNew === true && part.answer.entry !== undefined;
    return isRefused ? run(miss) : shareAnswer(miss, part.answer, 'late');
  }
  return part.role === 'leader' ? lead(miss, part.flight) : run(miss);
}

/** A refresh that finds its answer in the making has nothing to do. Nobody reads what it gets. */
function endRefresh({ exchange }: Miss, part?: Part<Answer>): void {
  if (part?.role === 'follower') part.leave();
  exchange.parts.refreshes.succeeded(exchange.key.digest);
  exchange.res.status(204).end();
}

/** Leads the flight of this process, and asks those of the others first where they count. */
function lead(miss: Miss, flight: Flight<Answer>): void | Promise<void> {
  if (miss.exchange.parts.cluster !== undefined) return leadInCluster(miss, flight);
  try {
    return run(miss, followersOf(flight));
  } catch (error) {
    flight.release();
    throw error;
  }
}

async function leadInCluster(miss: Miss, flight: Flight<Answer>): Promise<void> {
  try {
    await takeTurn(miss, await askCluster(miss.exchange, flight, miss.wantsNew !== true));
  } catch (error) {
    // A fault of ours must not keep those waiting who follow.
    flight.release();
    throw error;
  }
}

function takeTurn(miss: Miss, turn: ClusterTurn): void | Promise<void> {
  switch (turn.kind) {
    case 'run':
      return run(miss, turn.followers);
    case 'answer':
      if (miss.cause !== undefined) return endRefresh(miss);
      return isClosed(miss.exchange) ? abandon(miss) : shareAnswer(miss, turn.answer, 'awaited');
    case 'failed':
      return refuse(miss);
    case 'gone':
      return abandon(miss);
  }
}

/** Runs the handler, for the followers where there are some. */
function run(miss: Miss, followers?: Followers): void {
  const { exchange, span, stale, cause } = miss;
  const isWanted = exchange.route.onClientDisconnect === 'finish' || (followers?.waiting ?? 0) > 0;
  if (isClosed(exchange) && !isWanted) {
    followers?.release();
    return abandon(miss);
  }
  if (exchange.res.headersSent) {
    followers?.release();
    return letThrough(miss);
  }
  span.end({ hit: false, result: 'miss', keyDigest: exchange.key.digest });
  const fwd = miss.fwd ?? (stale === undefined && cause === undefined ? 'miss' : 'stale');
  const options: FillOptions = { fwd, stale, cause };
  fill(exchange, followers === undefined ? options : { ...options, followers });
  if (exchange.request.model !== undefined) exchange.parts.prices.warm();
}

async function follow(miss: Miss, part: Follower): Promise<void> {
  const { exchange } = miss;
  onceClosed(exchange, part.leave);
  const landing = await part.landing;
  exchange.res.off('close', part.leave);
  if (isClosed(exchange)) {
    if (landing.kind === 'lead') landing.flight.handOver();
    return abandon(miss);
  }
  return landing.kind === 'answer' ? shareAnswer(miss, landing.answer, 'awaited') : goOn(miss, landing);
}

/** Nobody waits for an answer any more. */
function abandon({ exchange, span }: Miss): void {
  span.end({ hit: false, result: 'miss', keyDigest: exchange.key.digest });
  reportOutcome(exchange, undefined, () => ({ result: 'miss', ...modelOf(exchange.request) }));
}

/** Somebody in front has answered, such as a time-out: the handler has the request as without the cache, and nothing to record. */
function letThrough(miss: Miss): void {
  openOwnContext(miss.exchange);
  abandon(miss);
  miss.exchange.next();
}

/** A follower that got no answer to share. */
function goOn(miss: Miss, landing: Exclude<Landing<Answer>, { kind: 'answer' }>): void | Promise<void> {
  if (landing.kind === 'lead') return lead(miss, landing.flight);
  if (landing.kind === 'failed') return refuse(miss);
  const { exchange } = miss;
  const mayWait = landing.apart !== undefined && exchange.variant === undefined;
  return mayWait ? missed({ ...miss, exchange: withVariant(exchange, landing.apart) }) : run(miss);
}

/** Two leaders failed, with nothing to share. */
function refuse(miss: Miss): void {
  const { exchange, span, stale } = miss;
  if (stale?.coversErrors === true) return standIn(miss, stale);
  span.end({ hit: false, result: 'error', keyDigest: exchange.key.digest });
  const facts = { result: 'error', errorType: 'FILL_FAILED', ...modelOf(exchange.request) } as const;
  reportOutcome(exchange, undefined, () => facts);
  announce(exchange, { fwd: 'miss', collapsed: true });
  exchange.next(fillFailedTwice());
}

/** `late`: it was there when this request came; `awaited`: this request waited for it. */
function shareAnswer(miss: Miss, answer: Answer, when: 'late' | 'awaited'): void | Promise<void> {
  if (answer.live === undefined) return shareWhole(miss, answer, when);
  const { exchange, span } = miss;
  // What is held is no longer the whole of it: too late to join.
  if (!answer.live.isWhole) return run(miss);
  span.end({ hit: true, result: 'coalesced', ...linkTo(answer), keyDigest: exchange.key.digest });
  reportOutcome(exchange, undefined, () => coalescedLive(exchange, answer));
  joinLive(exchange, answer.live, { fwd: 'miss', collapsed: true });
}

/** Who left before the end, or saw it cut, is known to have been answered and no more. */
function coalescedLive({ request }: KeyedExchange, { live, spared }: LiveAnswer): OutcomeFacts | Promise<OutcomeFacts> {
  const facts = { result: 'coalesced', ...modelOf(request) } as const;
  return live.state === 'complete' ? spared.then((known) => ({ ...facts, ...known })) : facts;
}

async function shareWhole(miss: Miss, answer: WholeAnswer, when: 'late' | 'awaited'): Promise<void> {
  const { exchange, span, stale } = miss;
  const { entry } = answer;
  const sendable = await bodyFor(exchange, entry);
  if (sendable === undefined) return run(miss);
  if (stale !== undefined && isCoveredByStale(entry.status, stale)) return standIn(miss, stale);
  const isError = entry.status >= 500;
  const result = isError ? 'error' : when === 'late' ? 'hit' : 'coalesced';
  span.end({
    hit: !isError,
    result,
    itemSizeBytes: entry.body.length,
    ...linkTo(answer),
    keyDigest: exchange.key.digest,
  });
  const facts = { result, ...(isError ? { errorType: String(entry.status) } : savedBy(entry)) } as const;
  reportOutcome(exchange, undefined, () => facts);
  const ttlSeconds = (entry.staleAt - exchange.parts.clock.now()) / 1000;
  const cacheStatus = result === 'hit' ? { hit: true as const, ttlSeconds } : { fwd: 'miss' as const, collapsed: true };
  sendEntry(exchange, entry, sendable, { cacheStatus });
}

function linkTo({ leader }: Answer): { leader?: SpanLink } {
  return leader === undefined ? {} : { leader };
}

/** The stale answer takes the place of the error that others got. */
function standIn({ exchange, span }: Miss, stale: StaleAnswer): void {
  span.end({ hit: true, result: 'stale', keyDigest: exchange.key.digest });
  const { ageSeconds } = sendStale(exchange, stale, 'stale-if-error');
  reportOutcome(exchange, undefined, () => ({ result: 'stale', ageSeconds, ...savedBy(stale.entry) }));
}
