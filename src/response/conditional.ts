import fresh from 'fresh';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';

/** The request headers that would make a handler answer 304 or 206, so that a fill would have nothing to keep (DESIGN D11). */
export const CONDITIONALS = ['if-none-match', 'if-modified-since', 'if-range'] as const;

/** By lower-case name; all of a request's headers will do. */
export type Conditionals = Readonly<Record<string, string | string[] | undefined>>;

/** Takes the conditionals out of the request while the handler runs; `restore` puts them back. */
export function hideConditionals(req: IncomingMessage): { readonly conditionals: Conditionals; restore(): void } {
  const conditionals: Record<string, string | string[]> = {};
  for (const name of CONDITIONALS) {
    const value = req.headers[name];
    if (value === undefined) continue;
    conditionals[name] = value;
    delete req.headers[name];
  }
  return { conditionals, restore: () => void Object.assign(req.headers, conditionals) };
}

/** Has the client this very answer already (RFC 9110 §13.2.2)? `etag` stands for the headers' own where it is given. */
export function isNotModified(
  conditionals: Conditionals,
  headers: HeaderFields,
  etag = fieldOf(headers, 'etag'),
): boolean {
  if (conditionals['if-none-match'] === undefined && conditionals['if-modified-since'] === undefined) return false;
  const lastModified = fieldOf(headers, 'last-modified');
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

/** Makes the head that is about to go out a 304, which has no body, where the client has this answer. `hidden`: its conditionals. */
export function answerCondition(
  req: IncomingMessage,
  res: ServerResponse,
  hidden: Conditionals,
  head: { readonly status: number; readonly headers: HeaderFields },
): void {
  if (head.status !== 200 || !isNotModified({ ...req.headers, ...hidden }, head.headers)) return;
  res.statusCode = 304;
  res.statusMessage = 'Not Modified';
  for (const name of BODY_HEADERS) res.removeHeader(name);
}
