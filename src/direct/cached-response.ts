import { decompress } from '../entry/compression.ts';
import type { Entry, TextTier, Usage } from '../entry/entry.ts';
import type { TierName } from '../tiers/tier.ts';

/** A stored response as a program reads it. */
export interface CachedResponse {
  readonly status: number;
  /** By lower-case name; a repeated field is an array. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** In identity coding. */
  readonly body: Buffer;
  /** The body as UTF-8 text. */
  text(): string;
  /** The body as JSON. Throws SyntaxError where it is none. */
  json(): unknown;
  readonly cachedAt: Date;
  readonly staleAt: Date;
  readonly expiresAt: Date;
  readonly state: 'fresh' | 'stale';
  /** Where it was found; absent on an answer that was made just now. */
  readonly tier?: TierName;
  /** Length of the request's text, UTF-16 units, and its size class. */
  readonly textLength: number;
  readonly textTier: TextTier;
  /** It is kept compressed. */
  readonly compressionUsed: boolean;
  readonly provider?: string;
  readonly model?: string;
  readonly usage?: Usage;
  /** What the model call cost, USD. */
  readonly costUsd?: number;
  /** How long it took to make, milliseconds. */
  readonly fillMs?: number;
}

export interface EntryState {
  readonly state: 'fresh' | 'stale';
  readonly tier?: TierName;
}

/** Rejects where the stored bytes cannot be decoded. */
export async function cachedResponseOf(entry: Entry, { state, tier }: EntryState): Promise<CachedResponse> {
  const decoded = entry.identity ?? (await decompress(entry.body, entry.coding, entry.identityBytes));
  // The entry's own bytes are everybody's.
  const body = Buffer.from(decoded);
  const { provider, model } = entry.labels;
  return {
    status: entry.status,
    headers: headersOf(entry),
    body,
    text: () => body.toString('utf8'),
    json: () => JSON.parse(body.toString('utf8')) as unknown,
    cachedAt: new Date(entry.cachedAt),
    staleAt: new Date(entry.staleAt),
    expiresAt: new Date(entry.expiresAt),
    state,
    ...(tier === undefined ? {} : { tier }),
    textLength: entry.textLength,
    textTier: entry.textTier,
    compressionUsed: entry.coding !== 'identity',
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(entry.usage === undefined ? {} : { usage: entry.usage }),
    ...(entry.costUsd === undefined ? {} : { costUsd: entry.costUsd }),
    ...(entry.fillMs === undefined ? {} : { fillMs: entry.fillMs }),
  };
}

function headersOf(entry: Entry): Record<string, string | string[]> {
  const headers = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of entry.headers) {
    const lowerCase = name.toLowerCase();
    const before = headers[lowerCase];
    headers[lowerCase] = before === undefined ? value : [before, value].flat();
  }
  return { ...headers };
}
