import type { Coding, HeaderField } from '../entry/entry.ts';
import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import type { Flaw } from './answer/answer-facts.ts';
import { formOf } from './answer/read-answer.ts';
import { parseCacheControl, secondsOf, type Directives } from './cache-control.ts';

/** A response as far as it is known, for the question whether it may be stored. */
export interface Candidate {
  readonly status: number;
  readonly headers: readonly HeaderField[];
  /** The whole body in the coding the handler sent it in; absent while it is not known. */
  readonly body?: Buffer;
}

/** Is the request header of this lower-case name part of the key? */
export type Covers = (name: string) => boolean;

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

const STORED_STATUSES: ReadonlySet<number> = new Set([200, 201, 203, 204]);
/** Answers to a condition or a range, which are not in the key: they are for the one who asked (RFC 9110 §13, §14). */
const ASKERS_OWN: ReadonlySet<number> = new Set([206, 304, 412, 416]);
const CODINGS: ReadonlySet<string> = new Set<Coding>(['identity', 'br', 'gzip', 'deflate', 'zstd']);

/** Why may this answer not be stored, as far as its head tells? Only whole, good answers are (DESIGN D3; RFC 9111 §3). */
export function whyNotStorable(candidate: Candidate, covers: Covers): Refusal | undefined {
  const { status, headers } = candidate;
  // Another user's cookie must not be shared, not even as an error.
  if (fieldOf(headers, 'set-cookie') !== undefined) return { reason: 'set-cookie', kind: 'declared' };
  if (isFailure(status)) return { reason: 'error', kind: 'failed' };
  return (
    whyDeclared(parseCacheControl(fieldOf(headers, 'cache-control') ?? ''), isEventStream(headers)) ??
    whyVary(fieldOf(headers, 'vary'), covers) ??
    (STORED_STATUSES.has(status)
      ? undefined
      : { reason: 'status', kind: ASKERS_OWN.has(status) ? 'declared' : 'other' }) ??
    whyForm(candidate)
  );
}

/** Did the handler fail, so that one more try is worth while (DESIGN D13)? */
export function isFailure(status: number): boolean {
  return status >= 500 || status === 429;
}

/** Event streams customarily say no-cache, so that no proxy holds them up: it is no word about this cache. */
function isEventStream(headers: HeaderFields): boolean {
  return formOf(fieldOf(headers, 'content-type')) === 'sse';
}

function whyDeclared(directives: Directives, isStream: boolean): Refusal | undefined {
  const words = isStream ? (['no-store', 'private'] as const) : (['no-store', 'private', 'no-cache'] as const);
  const reason = words.find((name) => directives.has(name));
  if (reason !== undefined) return { reason, kind: 'declared' };
  const lifetime = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age');
  return lifetime === 0 ? { reason: 'no-lifetime', kind: 'declared' } : undefined;
}

function whyVary(vary: string | undefined, covers: Covers): Refusal | undefined {
  const fields = (vary ?? '').split(',').map((field) => field.trim().toLowerCase());
  if (fields.includes('*')) return { reason: 'vary-star', kind: 'declared' };
  // Codings are negotiated on replay; any other field must be in the key.
  const unkeyed = fields.some((field) => field !== '' && field !== 'accept-encoding' && !covers(field));
  return unkeyed ? { reason: 'vary', kind: 'declared' } : undefined;
}

function whyForm({ headers, body }: Candidate): Refusal | undefined {
  if (fieldOf(headers, 'trailer') !== undefined) return { reason: 'trailer', kind: 'declared' };
  const coding = (fieldOf(headers, 'content-encoding') ?? 'identity').toLowerCase();
  if (!CODINGS.has(coding)) return { reason: 'content-encoding', kind: 'declared' };
  const length = fieldOf(headers, 'content-length');
  const cut = body !== undefined && length !== undefined && Number(length) !== body.length;
  return cut ? { reason: 'unfinished', kind: 'failed' } : undefined;
}
