import { decompress } from '../entry/compression.ts';
import type { Coding, Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import type { Refusal } from '../policy/storable.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import type { Recording } from '../response/recording.ts';
import { codingOf } from '../response/stored-headers.ts';
import type { SpanLink } from '../telemetry/tracing.ts';
import { whenReady } from '../when-ready.ts';
import type { ContextState } from './context.ts';
import type { KeyedExchange } from './exchange.ts';
import type { Followers } from './followers.ts';
import { makeEntry } from './make-entry.ts';
import { isCheckable } from './storage-terms.ts';
import type { Renewed } from './renew.ts';
import { storeEntry, type StoreResult } from './store-entry.ts';
import { apartBy, isForOthers, storeVariant, unkeyedNames } from './variants.ts';
import { verdictOn, type Audience, type Verdict } from './verdict.ts';

/** A recording with its verdict, and its body decoded where it could be. */
export interface Judged {
  readonly verdict: Verdict;
  readonly identity: Buffer | undefined;
}

export interface Made {
  readonly recording: Recording;
  readonly judged: Judged;
  readonly fillMs: number;
  readonly leader: SpanLink;
}

export type SettleResult = StoreResult | { readonly stored: false; readonly notStored: string };

/** At once, but where a body is large, or coded by the handler. `known`: what was decided, or is about to be, before the head went out. */
export function judge(
  exchange: KeyedExchange,
  context: ContextState,
  recording: Recording,
  known: Verdict | Promise<Verdict> | undefined,
): Judged | Promise<Judged> {
  const { head, body } = recording;
  const coding = codingOf(head?.headers ?? []);
  const judged = (identity: Buffer | undefined): Judged | Promise<Judged> => {
    const verdict = known ?? verdictOn(exchange, context, recording, identity);
    return whenReady(verdict, (late) => ({ verdict: late, identity }));
  };
  if (body === undefined || coding === 'identity') return judged(body);
  return decoded(body, coding, exchange.parts.config.maxEntryBytes).then(judged);
}

/** Tells the followers, then the tiers. Runs to the first tier without a pause, so that an immediate repeat is a hit. */
export async function settle(
  exchange: KeyedExchange,
  context: ContextState,
  made: Made,
  followers: Followers,
): Promise<SettleResult> {
  const { refusal, audience } = made.judged.verdict;
  if (refusal?.kind === 'declared') {
    refuse(exchange, refusal, followers);
    return { stored: false, notStored: refusal.reason };
  }
  if (refusal === undefined) noteStorable(exchange, audience);
  const entry = entryOf(exchange, context, made);
  if (entry === undefined) {
    if (refusal?.kind === 'failed') followers.fail(undefined);
    else followers.release();
    return { stored: false, notStored: refusal?.reason ?? 'unfinished' };
  }
  const answer = { entry, leader: made.leader };
  if (refusal?.kind === 'failed') followers.fail(isForOthers(exchange, entry.headers) ? answer : undefined);
  else if (audience === 'all') followers.answer(answer);
  else followers.release();
  if (refusal !== undefined) return { stored: false, notStored: refusal.reason };
  return store(exchange, entry, audience, followers);
}

/** An answer that the handler has said still holds: everybody gets it, and it is fresh again. */
export async function settleRenewed(
  exchange: KeyedExchange,
  { entry, refusal, audience }: Renewed,
  followers: Followers,
  leader: SpanLink,
): Promise<SettleResult> {
  if (refusal !== undefined) {
    refuse(exchange, refusal, followers);
    return { stored: false, notStored: refusal.reason };
  }
  noteStorable(exchange, audience);
  if (audience === 'all') followers.answer({ entry, leader });
  else followers.release(apartBy(exchange, entry.headers));
  return store(exchange, entry, audience, followers);
}

async function store(
  exchange: KeyedExchange,
  entry: Entry,
  audience: Audience,
  followers: Followers,
): Promise<SettleResult> {
  const isOurs = isStillOurs(audience, followers);
  if (isOurs !== true && !(await isOurs)) return { stored: false, notStored: 'lease-lost' };
  if (audience !== 'variant' && exchange.variant === undefined)
    return storeEntry(exchange.parts, exchange.key, entry, 'when-taken');
  return storeVariant(exchange, entry, unkeyedNames(exchange, entry.headers));
}

/** A lease that was given up, since the answer is not for all who wait, keeps nobody's answer from being stored. */
function isStillOurs(audience: Audience, followers: Followers): Promise<boolean> | boolean {
  return audience !== 'all' || followers.mayStore();
}

/** Requests for what must be asked for every time do not wait for each other. */
function noteStorable({ parts, key }: KeyedExchange, audience: Audience): void {
  parts.refreshes.succeeded(key.digest);
  if (audience === 'nobody') parts.hitForMiss.mark(key.digest);
  else parts.hitForMiss.clear(key.digest);
}

/** An answer that is not for others by its own words: nobody waits for it, nor, for a while, for one that may be like it. */
export function refuse({ parts, key }: KeyedExchange, { reason }: Refusal, followers: Followers): void {
  // Answers to one asker's own conditions say nothing of the next one's.
  if (reason !== 'status') parts.hitForMiss.mark(key.digest);
  followers.release();
}

function entryOf(exchange: KeyedExchange, context: ContextState, made: Made): Entry | undefined {
  const { recording, judged, fillMs } = made;
  const { head, body, chunks } = recording;
  const { identity, verdict } = judged;
  if (head === undefined || body === undefined || identity === undefined) return undefined;
  const { reportedUsage: usage = verdict.usage, ttlSeconds: contextSeconds, tags, position } = context;
  const pieces = chunks !== undefined && isStream(head) ? { chunks } : {};
  const told = { contextSeconds, route: exchange.route, isCheckable: isCheckable(exchange, head, identity) };
  const hasEtags = exchange.req.app.get('etag fn') !== undefined;
  const remarks = { ...told, hasEtags, tags, usage, answeredBy: verdict.model, fillMs, position };
  return makeEntry(exchange, { ...head, body, identity, ...pieces }, remarks);
}

/** A body of announced length came in pieces by chance. */
function isStream(head: RecordedHead): boolean {
  return fieldOf(head.headers, 'content-length') === undefined;
}

async function decoded(body: Buffer, coding: Coding, maxBytes: number): Promise<Buffer | undefined> {
  try {
    return await decompress(body, coding, maxBytes);
  } catch {
    // A body that is not what its Content-Encoding says goes to its own client alone.
    return undefined;
  }
}
