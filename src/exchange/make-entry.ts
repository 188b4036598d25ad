import type { CacheParts } from '../cache-parts.ts';
import type { Coding, Entry, HeaderField, LogPosition, Usage } from '../entry/entry.ts';
import { textTierOf } from '../entry/text-tier.ts';
import type { RouteConfig } from '../config/route-config.ts';
import { lifetimeOf, staleWindowsOf } from '../policy/lifetime.ts';
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
  /** How the body came, where it came in pieces. */
  readonly chunks?: NonNullable<Entry['chunks']>;
}

/** What was said about a response beside it. */
export interface Remarks {
  readonly contextSeconds?: number | undefined;
  readonly route?: Pick<RouteConfig, 'ttlSeconds' | 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds'>;
  readonly tags?: Iterable<string> | undefined;
  readonly usage?: Usage | undefined;
  /** The model that the answer itself names. */
  readonly answeredBy?: string | undefined;
  readonly fillMs?: number | undefined;
  /** Where the invalidation log stood when it began to be made. */
  readonly position: LogPosition;
}

/** The entry that keeps this response under this key. */
export function makeEntry({ parts, request, key }: Asked, response: MadeResponse, remarks: Remarks): Entry {
  const { status, statusMessage, headers, body, identity, chunks } = response;
  const { contextSeconds, route = {}, tags = [], usage, answeredBy, fillMs, position } = remarks;
  const coding: Coding = codingOf(headers);
  const { ttlSeconds } = lifetimeOf({
    headers,
    contextSeconds,
    routeSeconds: route.ttlSeconds,
    explain: () => parts.explain(request),
    digest: key.digest,
    ttl: parts.config.ttl,
  });
  const costUsd = usage === undefined ? undefined : costOf(parts, request, usage, answeredBy);
  const windows = staleWindowsOf(headers, route, parts.config);
  const cachedAt = parts.clock.now();
  const staleAt = cachedAt + ttlSeconds * 1000;
  return {
    digest: key.digest,
    status,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    headers: storedHeaders(headers),
    coding,
    body,
    ...(chunks === undefined ? {} : { chunks }),
    ...(coding === 'identity' ? {} : { codedByHandler: true, identity }),
    identityBytes: identity.length,
    cachedAt,
    staleAt,
    expiresAt: staleAt + Math.max(windows.revalidateSeconds, windows.errorSeconds) * 1000,
    ...(windows.revalidateSeconds > 0 ? { revalidateUntil: staleAt + windows.revalidateSeconds * 1000 } : {}),
    ...(windows.errorSeconds > 0 ? { errorUntil: staleAt + windows.errorSeconds * 1000 } : {}),
    labels: labelsOf(request, tags),
    position,
    textLength: request.text.length,
    textTier: textTierOf(request.text.length, parts.config.textSizeTiers),
    ...(usage === undefined ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(fillMs === undefined ? {} : { fillMs }),
  };
}

/** What these tokens cost, USD: by the request's model, else by the one that the answer names. */
export function costOf(
  parts: CacheParts,
  { provider, model }: AIRequest,
  usage: Usage,
  answeredBy: string | undefined,
): number | undefined {
  const models = [model, answeredBy].filter((name) => name !== undefined);
  return parts.prices.costUsd(
    models.map((name) => ({ provider, model: name })),
    usage,
  );
}
