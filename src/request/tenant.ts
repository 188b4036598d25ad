import type { Request } from 'express';
import type { TLSSocket } from 'node:tls';
import type { Scope } from '../config/route-config.ts';
import { userFunctionReturned } from '../errors.ts';
import type { AICacheError } from '../errors.ts';
import type { Bypass } from './bypass.ts';
import { FramedHash } from './framed-hash.ts';
import { headerText } from './keyed-headers.ts';
import { callUserFunction } from './user-function.ts';

/** Headers that say who is asking; `*` stands for any text. A client certificate counts too. */
export const CREDENTIAL_HEADERS: readonly string[] = Object.freeze([
  'authorization',
  'proxy-authorization',
  'cookie',
  '*api-key',
  '*-token',
  'x-auth-*',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-amzn-oidc-*',
  'cf-access-*',
  'x-ms-client-principal*',
]);

const IS_CREDENTIAL = new RegExp(CREDENTIAL_HEADERS.map(anchored).join('|'));

/** Headers of nearly every request, so that no pattern is tried on them. */
const ORDINARY: ReadonlySet<string> = new Set(
  [
    'accept',
    'accept-encoding',
    'accept-language',
    'connection',
    'content-length',
    'content-type',
    'host',
    'origin',
    'referer',
    'user-agent',
  ].filter((name) => !IS_CREDENTIAL.test(name)),
);

/** Does this request header (lower-case name) say who is asking? */
export function isCredentialHeader(name: string): boolean {
  return !ORDINARY.has(name) && IS_CREDENTIAL.test(name);
}

/** One thing that identifies the caller: a header or a cookie, and its value. */
type Credential = readonly [name: string, value: string];

/**
 * The partition of a request whose route declares no scope: `credentials:<sha256>` over all its {@link CREDENTIAL_HEADERS} and the
 * fingerprint of its TLS client certificate; undefined where it has none of them.
 */
export function credentialsOf(req: Request): string | undefined {
  return digestOf(credentials(req));
}

/**
 * The partition that the route's scope puts the request in; no `tenant` means everybody's.
 *
 * `'shared'`: everybody's. `{ cookies }`: one for each set of values of these cookies and of the credentials that are not cookies.
 * A function: the string it returns, which must not be empty (`scope-failed`). None: that of {@link credentialsOf}, but
 * `scope-required` where an authentication middleware has set `req.user` or `req.auth`: only the app knows what those depend on.
 */
export function tenantOf(req: Request, scope: Scope | undefined): { readonly tenant?: string } | Bypass {
  if (scope === 'shared') return {};
  if (typeof scope === 'function') return scopeOf(req, scope);
  if (scope === undefined && isAuthenticated(req)) return { bypass: 'scope-required' };
  const tenant = scope === undefined ? credentialsOf(req) : digestOf(credentialsAndCookies(req, scope.cookies));
  return tenant === undefined ? {} : { tenant };
}

function scopeOf(req: Request, scope: (req: Request) => string): { readonly tenant: string } | Bypass {
  try {
    const tenant: unknown = callUserFunction('scope', scope, req);
    if (typeof tenant === 'string' && tenant !== '') return { tenant };
    return { bypass: 'scope-failed', error: userFunctionReturned('scope', 'a string that is not empty') };
  } catch (error) {
    return { bypass: 'scope-failed', error: error as AICacheError };
  }
}

function isAuthenticated(req: Request): boolean {
  const { user, auth } = req as { user?: unknown; auth?: unknown };
  return isSet(user) || isSet(auth);
}

/** Authentication middleware leaves null or false where nobody is signed in. */
function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

function credentials(req: Request): Credential[] {
  const found: Credential[] = [];
  for (const name in req.headers) {
    if (isCredentialHeader(name)) found.push([name, headerText(req.headers[name])]);
  }
  const fingerprint = certificateOf(req);
  if (fingerprint !== undefined) found.push([':client-certificate', fingerprint]);
  return found;
}

/**
 * Every cookie of one of these names, undecoded. Parsers differ in which of two cookies with one name they take and in how they
 * decode it: what all of them could read is keyed, in the order it came.
 */
function credentialsAndCookies(req: Request, names: readonly string[]): Credential[] {
  const found = credentials(req).filter(([name]) => name !== 'cookie');
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals === -1) continue;
    const name = pair.slice(0, equals).trim();
    if (names.includes(name)) found.push([`cookie ${name}`, pair.slice(equals + 1).trim()]);
  }
  return found;
}

function digestOf(found: readonly Credential[]): string | undefined {
  if (found.length === 0) return undefined;
  const frames = new FramedHash('sha256');
  const sorted = found.toSorted(([a], [b]) => (a < b ? -1 : Number(a > b)));
  for (const [name, value] of sorted) frames.add('n', name).add('v', value);
  return `credentials:${frames.digest()}`;
}

/** `getPeerCertificate` would parse the whole certificate on each request. */
function certificateOf(req: Request): string | undefined {
  const socket = req.socket as Partial<TLSSocket>;
  return socket.encrypted === true ? socket.getPeerX509Certificate?.()?.fingerprint256 : undefined;
}

function anchored(pattern: string): string {
  const start = pattern.startsWith('*') ? '' : '^';
  const end = pattern.endsWith('*') ? '' : '$';
  return start + pattern.replaceAll('*', '') + end;
}
