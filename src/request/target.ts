import type { Request } from 'express';
import { authorityOf } from './authority.ts';

/** A query with more members keeps its order: parsers drop those beyond a limit (qs and querystring: 1 000). */
const MAX_SORTED_MEMBERS = 1000;

const PLAIN_NAME = /^[\w-]+$/;
const PLAIN_SCHEME = /^[\w+.-]+$/;
const PLAIN_AUTHORITY = /^[\w.:[\]-]*$/;

/**
 * What is asked for: `POST https://host:port/path?query`.
 *
 * Scheme and authority are what Express resolves under its setting `trust proxy`, the authority in lower case and with its port
 * (Express 4 has no getter for that); the path is `baseUrl` and that of `url`. The members of the query are sorted by name and
 * repeats keep their order, unless a name is more than letters, digits, `_` and `-` (`a[b]`, `%61`, `a.b`) or the app parses
 * queries by a function of its own: then order may have a meaning and is kept.
 */
export function targetOf(req: Request): string {
  // What a GET has stored answers a HEAD too.
  const method = req.method === 'HEAD' ? 'GET' : req.method;
  return `${method} ${originOf(req)}${withSortedQuery(urlOf(req), req)}`;
}

/**
 * What a GET of `reference` has as its target, a URL relative to that of the request, or absolute; undefined for one of another origin
 * and for what is no URL. `''`: the request's own.
 */
export function relatedTarget(req: Request, reference: string): string | undefined {
  const origin = originOf(req);
  if (reference === '') return `GET ${origin}${withSortedQuery(urlOf(req), req)}`;
  const base = URL.parse(`${origin}${urlOf(req)}`);
  const url = base === null ? null : URL.parse(reference, base.href);
  if (base === null || url === null || url.origin !== base.origin) return undefined;
  return `GET ${origin}${withSortedQuery(url.pathname + url.search, req)}`;
}

function originOf(req: Request): string {
  const scheme = escapedUnless(PLAIN_SCHEME, req.protocol);
  return `${scheme}://${escapedUnless(PLAIN_AUTHORITY, authorityOf(req).toLowerCase())}`;
}

function urlOf(req: Request): string {
  return isOnlyMounted(req) ? req.originalUrl : req.baseUrl + req.url;
}

/** The URL the client sent where a middleware has rewritten it since, undefined otherwise: a handler can read both. */
export function rewrittenFrom(req: Request): string | undefined {
  return req.originalUrl === req.baseUrl + req.url || isOnlyMounted(req) ? undefined : req.originalUrl;
}

/** Express gives a request for the very path of a mount, `/api?x=1`, the URL `/?x=1`: that slash is no rewriting. */
function isOnlyMounted({ originalUrl, baseUrl, url }: Request): boolean {
  return (url === '/' || url.startsWith('/?')) && originalUrl === baseUrl + url.slice(1);
}

/** A Host header may hold anything: a `/` in it must not read as the beginning of the path. */
function escapedUnless(plain: RegExp, text: string): string {
  return plain.test(text) ? text : encodeURIComponent(text);
}

function withSortedQuery(url: string, req: Request): string {
  const start = url.indexOf('?') + 1;
  if (start === 0 || !url.includes('&', start) || url.includes('#')) return url;
  const members = url
    .slice(start)
    .split('&')
    .map((text) => ({ name: nameOf(text), text }));
  if (members.length > MAX_SORTED_MEMBERS || !members.every(({ name }) => PLAIN_NAME.test(name))) return url;
  if (typeof req.app.get('query parser') === 'function') return url;
  members.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  return url.slice(0, start) + members.map(({ text }) => text).join('&');
}

function nameOf(member: string): string {
  const equals = member.indexOf('=');
  return equals === -1 ? member : member.slice(0, equals);
}
