/** Which headers pass the gateway. */
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Request headers that a provider gets. Those that may change its answer are in the cache's key, by themselves or as the caller's
 * credentials: whoever adds another one gives its name to `varyHeaders` too.
 */
const TO_PROVIDER: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'anthropic-beta',
  'anthropic-version',
  'api-key',
  'authorization',
  'content-type',
  'openai-beta',
  'openai-organization',
  'openai-project',
  'x-api-key',
  // These change no answer.
  'anthropic-dangerous-direct-browser-access',
  'idempotency-key',
  'user-agent',
  'x-client-request-id',
]);

/** What the official SDKs say of themselves. */
const SDK_FACTS = /^x-stainless-/;

/**
 * For `varyHeaders`: some providers say `Vary: Origin, …` because of CORS. These are not forwarded; in the key they let such
 * answers be stored.
 */
export const CORS_HEADERS: readonly string[] = [
  'origin',
  'access-control-request-headers',
  'access-control-request-method',
];

/** Fields of one connection (RFC 9110 §7.6.1). */
const OF_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'];

export function headersToProvider(headers: IncomingHttpHeaders): Headers {
  const forwarded = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (!TO_PROVIDER.has(name) && !SDK_FACTS.test(name)) continue;
    forwarded.set(name, Array.isArray(value) ? value.join(', ') : (value ?? ''));
  }
  // The body comes as it is, so that its length stays true.
  forwarded.set('accept-encoding', 'identity');
  return forwarded;
}

/**
 * All but those of the connection, those of a coding that `fetch` has undone, and `Set-Cookie`: that is a cookie of the provider's
 * network for this gateway, good for no client, and it would keep the answer out of the cache.
 */
export function headersToClient(headers: Headers): [name: string, value: string][] {
  const named = (headers.get('connection') ?? '').toLowerCase().split(/\s*,\s*/);
  const ofCoding = headers.has('content-encoding') ? ['content-encoding', 'content-length'] : [];
  const dropped = new Set(['set-cookie', ...OF_CONNECTION, ...named, ...ofCoding]);
  return [...headers].filter(([name]) => !dropped.has(name));
}
