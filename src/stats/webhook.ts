import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { z } from 'zod';
import type { AIResponseCache } from '../ai-response-cache.ts';
import { hasMethod } from '../config/checks.ts';
import { nearestName } from '../config/nearest-name.ts';
import { shownValue } from '../config/shown-value.ts';
import { invalidOption, notACache, unknownOption, webhookSecretRefused } from '../errors.ts';
import { Refusal, sendJson, sendMethods, sendProblem } from './answer.ts';
import { jsonBodyOf } from './json-body.ts';
import { collectionsRefused, methodNotAllowed, problemOf, secretRefused } from './problems.ts';
import { LONGEST_NAME } from './query.ts';

export interface CollectionWebhookOptions {
  /** What the sender has to send: 16 bytes or more. Several, of which any will do, while it is changed for another. */
  secret: string | readonly string[];
  /** The header that it is sent in. Default: `x-webhook-secret`. */
  header?: string | undefined;
}

const OPTIONS = ['secret', 'header'];
const MIN_SECRET_BYTES = 16;
const MAX_COLLECTIONS = 100;

const collection = z.string().min(1).max(LONGEST_NAME);

/** What else a content system says of an event is let be. */
const bodySchema = z
  .object({
    collection: collection.optional(),
    collections: z.array(collection).min(1).max(MAX_COLLECTIONS).optional(),
  })
  .refine((body) => (body.collection === undefined) !== (body.collections === undefined));

/**
 * A handler that removes the entries of a collection when a content system says that it has changed: `{ event?, collection, keys? }`,
 * as a Directus Flow sends it, or `{ collections: [...] }` → `{ removed }`, 0 for a collection that no entry has. Mount it with
 * `app.post`, before or after `express.json()`.
 *
 * Errors are problems (RFC 9457): 401 without the secret, 400, 405, 413, 415, and 503 while Redis is away: the sender has to
 * repeat it, which does no harm.
 *
 * Throws an `AICacheError`: `INVALID_OPTION` for a secret that is missing or short, and where `cache` is none; `UNKNOWN_OPTION`.
 */
export function collectionWebhook(
  cache: Pick<AIResponseCache, 'invalidate'>,
  options: CollectionWebhookOptions,
): RequestHandler {
  if (!hasMethod(cache, 'invalidate')) throw notACache('cache', shownValue(cache));
  const given: Partial<CollectionWebhookOptions> = options ?? {};
  const unknown = Object.keys(given).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, nearestName(unknown, OPTIONS));
  const header = headerOf(given.header);
  const digests = digestsOf(given.secret);

  const answer = async (req: Request): Promise<{ removed: number }> => {
    if (!holdsSecret(req.headers[header], digests)) throw new Refusal(secretRefused(header));
    return cache.invalidate({ collection: collectionsOf(await jsonBodyOf(req)) });
  };
  return (req, res) => {
    if (req.method === 'OPTIONS') return sendMethods(res, 'POST, OPTIONS');
    if (req.method !== 'POST') return sendProblem(res, methodNotAllowed('POST, OPTIONS'));
    answer(req).then(
      (removed) => sendJson(res, removed),
      (error: unknown) => sendProblem(res, problemOf(error)),
    );
  };
}

function headerOf(header: unknown = 'x-webhook-secret'): string {
  if (typeof header === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(header)) return header.toLowerCase();
  throw invalidOption('header', shownValue(header), 'the name of a header, such as x-webhook-secret');
}

function digestsOf(secret: unknown): readonly Buffer[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  if (secrets.length === 0) throw webhookSecretRefused('an empty array');
  return secrets.map((one) => {
    if (typeof one !== 'string') throw webhookSecretRefused(one === undefined ? 'missing' : shownValue(one));
    const bytes = Buffer.from(one);
    if (bytes.length < MIN_SECRET_BYTES) throw webhookSecretRefused(`${bytes.length} bytes long`);
    if (/^\s|\s$|[^\P{Cc}\t]/u.test(one)) throw webhookSecretRefused('not as a header can carry it');
    return digestOf(bytes);
  });
}

/** Every digest is compared, whole, so that the time it takes tells nothing. */
function holdsSecret(value: string | readonly string[] | undefined, digests: readonly Buffer[]): boolean {
  // Node.js reads a header's bytes as latin1.
  const sent = digestOf(Buffer.from(typeof value === 'string' ? value : '', 'latin1'));
  return digests.map((digest) => timingSafeEqual(digest, sent)).includes(true);
}

function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function collectionsOf(body: unknown): readonly string[] {
  const read = bodySchema.safeParse(body);
  if (!read.success) throw new Refusal(collectionsRefused(LONGEST_NAME, MAX_COLLECTIONS));
  return read.data.collections ?? [read.data.collection ?? ''];
}
