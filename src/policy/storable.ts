import type { Coding, HeaderField } from '../entry/entry.ts';
import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import type { Flaw } from './answer/answer-facts.ts';
import { statedBy, type Stated } from './stated.ts';
import { isAskersOwn, isFailure, isGood, isNeverStored, isUnderstood } from './statuses.ts';
import { variesOn, type Covers } from './vary.ts';

/** A response as far as it is known, for the question whether it may be stored. */
export interface Candidate {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  /** The whole body in the coding the handler sent it in; absent while it is not known. */
  readonly body?: Buffer;
}

/** What is known beside the response. */
export interface StorageTerms {
  readonly covers: Covers;
  /** When it came, milliseconds since the epoch. */
  readonly now: number;
  /** The handler can be asked later whether it still holds. */
  readonly isCheckable: boolean;
  /** The request had an Authorization field and the answer would be everybody's. */
  readonly isAuthorized: boolean;
  /** Error answers that name their own lifetime are stored. */
  readonly storeErrors: boolean;
  /** By Last-Modified, where that is asked for, seconds. */
  readonly heuristicSeconds?: number | undefined;
  /** What others than the handler say of its lifetime, seconds; undefined: the policy has a lifetime for it. */
  readonly lifetimeSeconds: number | undefined;
}

/** Why an answer is not stored. `declared`: by its own words; `failed`: it is no good answer; `other`: good for those who asked, not for later. */
export interface Refusal {
  readonly reason: NotStoredReason;
  readonly kind: 'declared' | 'failed' | 'other';
}

export type NotStoredReason =
  | 'no-store'
  | 'private'
  | 'no-cache'
  | 'no-lifetime'
  | 'authorization'
  | 'set-cookie'
  | 'vary-star'
  | 'vary'
  | 'status'
  | 'error'
  | 'unfinished'
  | 'no-terminal-event'
  | Flaw
  | 'too-large'
  | 'content-encoding'
  | 'trailer'
  | 'context'
  | 'should-store'
  | 'should-store-failed';

const CODINGS: ReadonlySet<string> = new Set<Coding>(['identity', 'br', 'gzip', 'deflate', 'zstd']);

/** Words by which an answer to an authenticated request is for everybody all the same (RFC 9111 §3.5). */
const FOR_ALL = ['public', 's-maxage', 'must-revalidate'] as const;

/** Why may this answer not be stored, as far as its head tells? Only whole, good answers are (DESIGN D3; RFC 9111 §3). */
export function whyNotStorable(candidate: Candidate, terms: StorageTerms): Refusal | undefined {
  const { status, headers } = candidate;
  const stated = statedBy(headers, terms.now);
  // Another user's cookie must not be shared, not even as an error.
  if (fieldOf(headers, 'set-cookie') !== undefined) return declared('set-cookie');
  if (isFailure(status) && !isWantedError(status, stated, terms)) return { reason: 'error', kind: 'failed' };
  return (
    whyDeclared(candidate, stated, terms) ??
    whyVary(headers, terms.covers) ??
    whyStatus(status, stated, terms) ??
    whyNoLifetime(stated, terms) ??
    whyForm(candidate)
  );
}

/** Is this answer, stored, good for no second request before the handler is asked again? */
export function isNeverFresh(headers: HeaderFields, terms: StorageTerms): boolean {
  const stated = statedBy(headers, terms.now);
  return stated.directives.has('no-cache') || !isFresh(stated, terms);
}

function isFresh({ lifetimeSeconds, ageSeconds }: Stated, terms: StorageTerms): boolean {
  const own = lifetimeSeconds ?? terms.heuristicSeconds;
  return own === undefined ? (terms.lifetimeSeconds ?? Infinity) > 0 : own > ageSeconds;
}

function declared(reason: NotStoredReason): Refusal {
  return { reason, kind: 'declared' };
}

function whyDeclared({ status }: Candidate, stated: Stated, terms: StorageTerms): Refusal | undefined {
  const { directives, lifetimeSeconds } = stated;
  if (directives.has('must-understand') && !isUnderstood(status)) return declared('status');
  // Whoever understands the status may ignore the no-store beside it (RFC 9111 §5.2.2.3).
  if (directives.has('no-store') && !directives.has('must-understand')) return declared('no-store');
  if (directives.has('private')) return declared('private');
  if (directives.has('no-cache') && !terms.isCheckable) return declared('no-cache');
  const speaksHttp = lifetimeSeconds !== undefined;
  if (terms.isAuthorized && speaksHttp && !FOR_ALL.some((name) => directives.has(name)))
    return declared('authorization');
  return undefined;
}

function whyVary(headers: HeaderFields, covers: Covers): Refusal | undefined {
  if (variesOn(headers, covers) !== undefined) return undefined;
  const isStar = (fieldOf(headers, 'vary') ?? '').split(',').some((name) => name.trim() === '*');
  return declared(isStar ? 'vary-star' : 'vary');
}

function whyStatus(status: number, stated: Stated, terms: StorageTerms): Refusal | undefined {
  if (isGood(status)) return undefined;
  if (isAskersOwn(status)) return declared('status');
  // Headers that a handler had set before it failed go out with the error: only who asks for it has errors stored.
  const isKept = isWantedError(status, stated, terms) || (status < 400 && isTimed(stated, terms));
  return isKept ? undefined : { reason: 'status', kind: 'other' };
}

/** Does somebody say how long this very answer lives? The policy's lifetimes are for good answers. */
function isTimed({ lifetimeSeconds }: Stated, terms: StorageTerms): boolean {
  return lifetimeSeconds !== undefined || (terms.heuristicSeconds ?? 0) > 0;
}

function isWantedError(status: number, stated: Stated, terms: StorageTerms): boolean {
  return terms.storeErrors && !isNeverStored(status) && isTimed(stated, terms);
}

function whyNoLifetime(stated: Stated, terms: StorageTerms): Refusal | undefined {
  return isFresh(stated, terms) || terms.isCheckable ? undefined : declared('no-lifetime');
}

function whyForm({ headers, body }: Candidate): Refusal | undefined {
  if (fieldOf(headers, 'trailer') !== undefined) return declared('trailer');
  const coding = (fieldOf(headers, 'content-encoding') ?? 'identity').toLowerCase();
  if (!CODINGS.has(coding)) return declared('content-encoding');
  const length = fieldOf(headers, 'content-length');
  const cut = body !== undefined && length !== undefined && Number(length) !== body.length;
  return cut ? { reason: 'unfinished', kind: 'failed' } : undefined;
}
