import type { CacheParts } from '../cache-parts.ts';
import type { Coding, Entry, HeaderField, LogPosition, OuterChanges, Usage } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { textTierOf } from '../entry/text-tier.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { labelsOf } from '../request/labels.ts';
import { strongEtag } from '../response/etags.ts';
import { codingOf, storedHeaders } from '../response/stored-headers.ts';
import { entryTimes, type Asked, type Lifetimes } from './entry-times.ts';

export type { Asked } from './entry-times.ts';

/** A whole response as it was made. */
export interface MadeResponse {
  readonly status: number;
  readonly statusMessage?: string;
  readonly headers: readonly HeaderField[];
  readonly outerChanges?: OuterChanges;
  /** In the coding that the headers name, and in identity coding. */
  readonly body: Buffer;
  readonly identity: Buffer;
  /** How the body came, where it came in pieces. */
  readonly chunks?: NonNullable<Entry['chunks']>;
}

/** What was said about a response beside it. */
export interface Remarks extends Lifetimes {
  /** False: the app wants no ETags but the handler's. */
  readonly hasEtags?: boolean;
  readonly tags?: Iterable<string> | undefined;
  readonly usage?: Usage | undefined;
  /** The model that the answer itself names. */
  readonly answeredBy?: string | undefined;
  readonly fillMs?: number | undefined;
  /** Where the invalidation log stood when it began to be made. */
  readonly position: LogPosition;
}

/** The entry that keeps this response under this key. */
export function makeEntry(asked: Asked, response: MadeResponse, remarks: Remarks): Entry {
  const { parts, request, key } = asked;
  const { status, statusMessage, headers, outerChanges, body, identity, chunks } = response;
  const { tags = [], usage, answeredBy, fillMs, position } = remarks;
  const coding: Coding = codingOf(headers);
  const costUsd = usage === undefined ? undefined : costOf(parts, request, usage, answeredBy);
  return {
    digest: key.digest,
    status,
    ...(statusMessage === undefined ? {} : { statusMessage }),
    headers: storedHeaders(headers, parts.clock.now()),
    ...(outerChanges === undefined ? {} : { outerChanges }),
    coding,
    body,
    ...(chunks === undefined ? {} : { chunks }),
    ...(coding === 'identity' ? {} : { codedByHandler: true, identity }),
    identityBytes: identity.length,
    ...entryTimes(asked, response, remarks),
    ...(remarks.hasEtags === false ? {} : ownEtagOf(request, response)),
    labels: labelsOf(request, tags),
    position,
    textLength: request.text.length,
    textTier: textTierOf(request.text.length, parts.config.textSizeTiers),
    ...(usage === undefined ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(fillMs === undefined ? {} : { fillMs }),
  };
}

/** Only a GET and a QUERY can be conditional, and only a 200 is answered 304 (RFC 9110 §13.2). */
function ownEtagOf({ target = '' }: AIRequest, { status, headers, identity }: MadeResponse): { ownEtag?: string } {
  const isConditional = target.startsWith('GET ') || target.startsWith('QUERY ');
  if (!isConditional || status !== 200 || fieldOf(headers, 'etag') !== undefined) return {};
  return { ownEtag: strongEtag(identity) };
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
