import { LRUCache } from 'lru-cache';
import type { RouteConfig } from '../config/route-config.ts';
import type { CacheKey } from '../tiers/tier.ts';
import { FramedHash } from './framed-hash.ts';
import { ROUTE_FIELDS, type Surroundings } from './surroundings.ts';

/** What the canonical way made of a request with these bytes. */
export interface Known {
  readonly key: CacheKey;
  /** Of the request's text, characters. */
  readonly textLength: number;
}

/** A key with a text in it is larger; this is for what an LRU holds beside. */
const OWN_BYTES = 400;

/**
 * Keys that requests are known to have, by the bytes they came in: equal bytes, in equal surroundings, need neither parsing nor
 * canonical JSON to find their key again. The least recently used are forgotten.
 */
export class Aliases {
  readonly #known: LRUCache<string, Known>;

  /** @param maxBytes Of all of them together, about. */
  constructor({ maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#known = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ key }) => OWN_BYTES + 2 * key.text.length,
    });
  }

  get(alias: string): Known | undefined {
    return this.#known.get(alias);
  }

  set(alias: string, known: Known): void {
    this.#known.set(alias, known);
  }
}

/**
 * The name of a request by its bytes. It covers all that the key is made from, so that nothing that the canonical way tells apart
 * shares one: target, keyed headers, tenant, what options of the route say, and the body. Not for a route with a
 * `describe`, which may look at anything.
 *
 * @param bodyDigest As `bodyDigest` of body-bytes.ts makes it.
 */
export function aliasOf(route: RouteConfig, around: Surroundings, bodyDigest: string): string {
  const { target, vary, tenant, fields } = around;
  const frames = new FramedHash('sha256').add('b', bodyDigest).add('u', target);
  if (tenant !== undefined) frames.add('w', tenant);
  for (const name of Object.keys(vary)) frames.add('n', name).add('v', vary[name] as string);
  const kept = ROUTE_FIELDS.filter((name) => route[name] !== undefined);
  frames.add('j', JSON.stringify([fields, kept, route.ignoreBodyFields]));
  return frames.digest();
}
