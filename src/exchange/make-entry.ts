import type { CacheParts } from '../cache-parts.ts';
import type { Coding, Entry, HeaderField, Usage } from '../entry/entry.ts';
import { textTierOf } from '../entry/text-tier.ts';
import { lifetimeOf } from '../policy/lifetime.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { labelsOf } from '../request/labels.ts';
import { codingOf, storedHeaders } from '../response/stored-headers.ts';
import type { CacheKey } from '../tiers/tier.ts';

/** Whose answer it is. */
export interface Asked {
  readonly parts: CacheParts;
  readonly request: AIRequest;
  readonly key: CacheKey;
}

/** A whole response as it was made. */
export interface MadeResponse {
  readonly status: number;
  readonly statusMessage?: string;
  readonly headers: readonly HeaderField[];
  /** In the coding that the headers name, and in identity coding. */
  readonly body: Buffer;
  readonly identity: Buffer;
}

/** What was said about a response beside it. */
export interface Remarks {
  readonly contextSeconds?: number | undefined;
  readonly routeSeconds?: number | undefined;
  readonly tags?: Iterable<string> | undefined;
  readonly usage?: Usage | undefined;
  readonly fillMs?: number | undefined;
}

/** The entry that keeps this response under this key. */
export function makeEntry({ parts, request, key }: Asked, response: MadeResponse, remarks: Remarks): Entry {
  const { status, statusMessage, headers, body, identity } = response;
  const { contextSeconds, routeSeconds, tags = [], usage, fillMs } = remarks;
  const coding: Coding = codingOf(headers);
  const { ttlSeconds } = lifetimeOf({ headers, contextSeconds, routeSeconds, ...parts.config.ttl });
  const cachedAt = parts.clock.now();
  const staleAt = cachedAt + ttlSeconds * 1000;
  return {
    digest: key.digest,
    status,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    headers: storedHeaders(headers),
    coding,
    body,
    ...(coding === 'identity' ? {} : { codedByHandler: true, identity }),
    identityBytes: identity.length,
    cachedAt,
    staleAt,
    expiresAt: staleAt,
    labels: labelsOf(request, tags),
    textLength: request.text.length,
    textTier: textTierOf(request.text.length, parts.config.textSizeTiers),
    ...(usage === undefined ? {} : { usage }),
    ...(fillMs === undefined ? {} : { fillMs }),
  };
}
