import fresh from 'fresh';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import { strongEtag } from './etags.ts';

/** The request headers that would make a handler answer 304 or 206, so that a fill would have nothing to keep (DESIGN D11). */
export const CONDITIONALS = ['if-none-match', 'if-modified-since', 'if-range'] as const;

/** By lower-case name; all of a request's headers will do. */
export type Conditionals = Readonly<Record<string, string | string[] | undefined>>;

/** What the client's conditions are, with the Cache-Control that they go with, and the way back. */
export interface HiddenConditionals {
  readonly conditionals: Conditionals;
  restore(): void;
}

/**
 * Puts the cache's own conditionals in the place of the client's while the handler runs; `restore` puts those back. Whoever holds
 * `req.headers` from before or from the handler keeps what it has seen: the object is exchanged, not changed.
 */
export function hideConditionals(req: IncomingMessage, own: Readonly<Record<string, string>> = {}): HiddenConditionals {
  const before = req.headers;
  const hidden = CONDITIONALS.filter((name) => before[name] !== undefined);
  const cacheControl = before['cache-control'];
  const conditionals = {
    ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
    ...Object.fromEntries(hidden.map((name) => [name, before[name]])),
  };
  if (hidden.length === 0 && Object.keys(own).length === 0) return { conditionals, restore: () => undefined };
  const during = { ...before, ...own };
  for (const name of hidden) if (!Object.hasOwn(own, name)) delete during[name];
  req.headers = during;
  return {
    conditionals,
    restore: () => {
      // A middleware behind the cache may have exchanged it too, and put in it what counts from now on.
      if (req.headers === during) req.headers = before;
    },
  };
}

/** The conditions by which a handler can say that a stored answer still holds (RFC 9111 §4.3.1). */
export function conditionsFor(headers: HeaderFields): Readonly<Record<string, string>> {
  const etag = fieldOf(headers, 'etag');
  const lastModified = fieldOf(headers, 'last-modified');
  return {
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
    ...(lastModified === undefined ? {} : { 'if-modified-since': lastModified }),
  };
}

/** Has the client this very answer already (RFC 9110 §13.2.2)? `etag` stands for the headers' own where it is given. */
export function isNotModified(
  conditionals: Conditionals,
  headers: HeaderFields,
  etag = fieldOf(headers, 'etag'),
  lastModified = fieldOf(headers, 'last-modified'),
): boolean {
  if (conditionals['if-none-match'] === undefined && conditionals['if-modified-since'] === undefined) return false;
  return fresh(conditionals, { ...(etag ? { etag } : {}), ...(lastModified ? { 'last-modified': lastModified } : {}) });
}

/** Headers a 304 has no use for, since they describe a body (RFC 9110 §15.4.5). */
export const BODY_HEADERS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'content-language',
  'transfer-encoding',
]);

/**
 * Makes the head that is about to go out a 304, which has no body, where the client has this answer. `body`: the whole of it in
 * identity coding, where it is known: without an ETag of the handler's it has the one that the entry will have.
 */
export function answerCondition(
  res: ServerResponse,
  conditionals: Conditionals,
  head: { readonly status: number; readonly headers: HeaderFields },
  body?: Buffer,
): void {
  if (head.status !== 200) return;
  const isAsked = conditionals['if-none-match'] !== undefined && body !== undefined;
  const own = isAsked && fieldOf(head.headers, 'etag') === undefined ? strongEtag(body) : undefined;
  if (!isNotModified(conditionals, head.headers, own)) return;
  res.statusCode = 304;
  res.statusMessage = 'Not Modified';
  for (const name of BODY_HEADERS) res.removeHeader(name);
  if (own !== undefined) res.setHeader('ETag', own);
}
