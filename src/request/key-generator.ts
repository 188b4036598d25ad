import { getHashes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { HashAlgorithm } from '../config/config.ts';
import type { VariantRule } from '../entry/entry.ts';
import { hashAlgorithmRefused, textHashThresholdRefused } from '../errors.ts';
import { atOnce, inTurns, type Sliced } from '../in-turns.ts';
import type { CacheKey } from '../tiers/tier.ts';
import type { AIRequest } from './ai-request.ts';
import { canonicalSlices } from './canonical-json.ts';
import { checkRequest } from './check-request.ts';
import { FramedHash, SLICE_LENGTH } from './framed-hash.ts';
import { headerText } from './keyed-headers.ts';
import { boundedKeyPart, escapeKeyPart, unescapeKeyPart } from './key-part.ts';

/** Digests that nobody can make collide, 256 bits or more. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = [
  'sha256',
  'sha384',
  'sha512',
  'sha512-256',
  'sha3-256',
  'sha3-512',
];

/** What the digest's frames mean; raised when they change, so that no old key is ever read in a new sense. */
const FORMAT = '1';

export interface CacheKeyGeneratorOptions {
  /** A text of at most this many characters (UTF-16 units) is appended to the key, escaped. Default 0: no text, ever. */
  textHashThreshold?: number | undefined;
  /** Default `'sha256'`. */
  hashAlgorithm?: HashAlgorithm | undefined;
}

/**
 * Makes keys: equal requests have equal keys, requests that differ in anything but tags, contentType and confidence do not.
 *
 * The constructor throws AICacheError `INVALID_OPTION` on a hash algorithm that is not in {@link HASH_ALGORITHMS} or that this
 * Node.js lacks, and on a threshold that is not a whole number from 0.
 */
export class CacheKeyGenerator {
  readonly #threshold: number;
  readonly #algorithm: HashAlgorithm;

  constructor({ textHashThreshold = 0, hashAlgorithm = 'sha256' }: CacheKeyGeneratorOptions = {}) {
    if (!Number.isSafeInteger(textHashThreshold) || textHashThreshold < 0) {
      throw textHashThresholdRefused(textHashThreshold);
    }
    if (!HASH_ALGORITHMS.includes(hashAlgorithm) || !getHashes().includes(hashAlgorithm)) {
      throw hashAlgorithmRefused(hashAlgorithm, HASH_ALGORITHMS);
    }
    this.#threshold = textHashThreshold;
    this.#algorithm = hashAlgorithm;
  }

  /**
   * `<provider>:<model>:<collection>:<digest>`, then `:<text>` where the threshold allows it. The digest is in hex and whole; the
   * parts are escaped as {@link escapeKeyPart} says. No provider reads `unknown` (a provider of that name `%75nknown`), no model
   * and no collection read as nothing; a part too long for a key reads `%~<sha256>`.
   *
   * Throws AICacheError `INVALID_REQUEST` (a field has the wrong type) or `UNKEYABLE` (options that are not JSON), with the name
   * of the field and never its value.
   */
  generate(request: AIRequest): string {
    return this.keyFor(request).text;
  }

  /** The key in {@link generate}'s form and its digest alone. Throws as generate does. */
  keyFor(request: AIRequest): CacheKey {
    return atOnce(this.#keySlices(request));
  }

  /** The same, for a large request by a promise, so that others are served meanwhile. Throws, or rejects, as generate throws. */
  keyInTurns(request: AIRequest): CacheKey | Promise<CacheKey> {
    return inTurns(this.#keySlices(request));
  }

  *#keySlices(request: AIRequest): Sliced<CacheKey> {
    checkRequest(request);
    const digest = yield* digestSlices(request, this.#algorithm);
    const { provider, model, collection, text } = request;
    let key = `${providerPart(provider)}:${optionalPart(model)}:${optionalPart(collection)}:${digest}`;
    if (this.#threshold > 0 && text.length <= this.#threshold) key += `:${escapeKeyPart(text)}`;
    return { text: key, digest };
  }
}

/** The key of the variant that a request with these headers asks for (RFC 9111 §4.1): that of the rule, with their values. */
export function variantKey(primary: CacheKey, rule: VariantRule, headers: IncomingHttpHeaders): CacheKey {
  const frames = new FramedHash('sha256').add('k', primary.digest).add('r', rule.id);
  for (const name of rule.names) {
    frames.add('n', name);
    // Absent is not the same as empty.
    if (Object.hasOwn(headers, name)) frames.add('v', headerText(headers[name]).trim());
  }
  const digest = frames.digest();
  return { text: primary.text.replace(primary.digest, digest), digest };
}

/** The request's text as a key of {@link CacheKeyGenerator} shows it; undefined where it shows none. */
export function textOfKey(key: string): string | undefined {
  const parts = key.split(':');
  return parts.length === 5 ? unescapeKeyPart(parts[4] as string) : undefined;
}

function* digestSlices(request: AIRequest, algorithm: HashAlgorithm): Sliced<string> {
  const { target, vary, tenant, provider, model, operation, collection, text, question, options } = request;
  const frames = new FramedHash(algorithm).add('f', FORMAT);
  const add = (tag: string, part: string | undefined): void => {
    if (part !== undefined) frames.add(tag, part);
  };
  add('u', target);
  addVary(frames, vary);
  add('w', tenant);
  add('p', provider);
  add('m', model);
  add('o', operation);
  add('c', collection);
  if (text.length <= SLICE_LENGTH) frames.add('t', text);
  else yield* frames.addSlices('t', text);
  add('q', question);
  if (options === undefined) return frames.digest();
  const json = yield* canonicalSlices(options, 'options');
  if (json.length <= SLICE_LENGTH) frames.add('j', json);
  else yield* frames.addSlices('j', json);
  return frames.digest();
}

/** The number of headers goes first: no headers at all is not the same as an empty list of them. */
function addVary(frames: FramedHash, vary: AIRequest['vary']): void {
  if (vary === undefined) return;
  const names = Object.keys(vary).toSorted();
  frames.add('h', String(names.length));
  for (const name of names) frames.add('n', name).add('v', vary[name] as string);
}

function providerPart(provider: string | undefined): string {
  if (provider === undefined) return 'unknown';
  return provider === 'unknown' ? '%75nknown' : boundedKeyPart(provider);
}

function optionalPart(value: string | undefined): string {
  return value === undefined ? '' : boundedKeyPart(value);
}
