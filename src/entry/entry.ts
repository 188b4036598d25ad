/** The shape of a stored response: what every tier keeps and every replay sends. */

/** Content coding of the stored body (RFC 9110 §8.4.1; zstd: RFC 8878). */
export const CODINGS = ['identity', 'br', 'gzip', 'deflate', 'zstd'] as const;
export type Coding = (typeof CODINGS)[number];

/** Size class of a request's text; its limits are the option `textSizeTiers`. */
export const TEXT_TIERS = ['small', 'medium', 'large', 'xlarge'] as const;
export type TextTier = (typeof TEXT_TIERS)[number];

/** A body in more pieces than this is not stored: the places of all of them must fit the head of an entry. */
export const MAX_CHUNKS = 131_072;

/** Tokens a model call used, as the provider counted them. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input: what the provider read from its own prompt cache, and wrote to it, where it says so. */
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
}

/** One header field as it goes on the wire; a repeated name is several fields. */
export type HeaderField = readonly [name: string, value: string];

/** What a handler made of a header that was set before it ran: another value, more values, or nothing. */
export const OUTER_CHANGES = ['replaced', 'extended', 'removed'] as const;

/** The changed ones by lower-case name; a repeat makes the same change to what its own outer middleware has set. */
export type OuterChanges = readonly (readonly [name: string, change: (typeof OUTER_CHANGES)[number]])[];

/** What an entry is about: labels for statistics and group invalidation, never prompt text. */
export interface EntryLabels {
  /** Digest of the URL it answers a GET of, so that a change there can invalidate it. */
  readonly target?: string;
  /** Of a variant: the digest of the key that it shares with the others, so that what is said of that one is said of it. */
  readonly primary?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly operation?: string;
  readonly collection?: string;
  readonly tags?: readonly string[];
}

/** Where the invalidation log stood when an answer began to be made: what was logged later may concern it. */
export interface LogPosition {
  /** Names one life of the log; a reader that knows another one knows nothing of this. Empty: the log could not be asked. */
  readonly epoch: string;
  readonly sequence: number;
  /** In memory only, never encoded: when that was, monotonic milliseconds of this process. */
  readonly notedAt?: number;
}

/** On which request headers the answers of a key depend, beside those in the key. */
export interface VariantRule {
  /** In the keys of its variants: with the rule, they are out of reach. */
  readonly id: string;
  /** Lower-case, sorted. */
  readonly names: readonly string[];
}

/** A stored response. Immutable; times are milliseconds since the epoch. */
export interface Entry {
  /** Hex digest of the key it was stored under; a reader that asked for another digest must not use it. */
  readonly digest: string;
  readonly status: number;
  /** Reason phrase, only where the handler chose one of its own. */
  readonly statusMessage?: string;
  /** As the handler set them, with the Date they were sent at; without Content-Length and Content-Encoding, which follow from `body` and `coding`. */
  readonly headers: readonly HeaderField[];
  /** Absent where it changed none. */
  readonly outerChanges?: OuterChanges;
  /** Coding of `body`. */
  readonly coding: Coding;
  readonly body: Buffer;
  /** How a body that came in pieces came: bytes of each write, and milliseconds from the head to it. */
  readonly chunks?: { readonly lengths: readonly number[]; readonly timesMs: readonly number[] };
  /** The handler chose `coding` itself, so its ETag names those coded bytes. */
  readonly codedByHandler?: true;
  /** Length of the body in identity coding, bytes. */
  readonly identityBytes: number;
  /** When it was made: what an upstream cache says of its age is taken off the time it came. */
  readonly cachedAt: number;
  readonly staleAt: number;
  readonly expiresAt: number;
  /** Until then it may be served stale while it is made anew, and where making it anew fails (RFC 5861). */
  readonly revalidateUntil?: number;
  readonly errorUntil?: number;
  /** Until then the handler may be asked, by its validators, whether it still holds (RFC 9111 §4.3). */
  readonly checkUntil?: number;
  /** Its own words forbid to serve it stale, whatever a request or an option allows. */
  readonly neverStale?: true;
  /** A strong ETag of the body in identity coding, where the handler gave none. */
  readonly ownEtag?: string;
  /** This is no answer but the rule by which the answers of this key are told apart (RFC 9111 §4.1). */
  readonly variants?: VariantRule;
  readonly labels: EntryLabels;
  /** Without one it is of no known age to the invalidation log, and so of no use where there is one. */
  readonly position?: LogPosition;
  /** Length of the request's text, UTF-16 units, and its size class. */
  readonly textLength: number;
  readonly textTier: TextTier;
  readonly usage?: Usage;
  /** What the model call cost, USD; absent where nobody knows. */
  readonly costUsd?: number;
  /** How long the handler took to make it, milliseconds. */
  readonly fillMs?: number;
  /** In memory only, never encoded: `body` is to be compressed for the first client that takes the coding. */
  readonly isUncoded?: true;
  /** In memory only, never encoded: the body in identity coding, kept once somebody asked for it. */
  readonly identity?: Buffer;
}
