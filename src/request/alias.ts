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

/** For what an LRU holds beside the texts. */
const OWN_BYTES = 400;

/** A longer alias is hashed: what a client sends must not fill the memory. */
const MAX_ALIAS_LENGTH = 1_024;

/**
 * Keys that requests are known to have, by the bytes they came in: equal bytes, in equal surroundings, need neither parsing nor
 * canonical JSON to find their key again. The least recently used are forgotten.
 */
export class Aliases {
  readonly #known: LRUCache<string, Known>;
  /** What the options of a route add to the alias of each of its requests. */
  readonly #routes = new WeakMap<RouteConfig, string>();

  /** @param maxBytes Of all of them together, about. */
  constructor({ maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number }) {
    this.#known = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ key }, alias) => OWN_BYTES + 2 * (key.text.length + alias.length),
    });
  }

  get(alias: string): Known | undefined {
    return this.#known.get(alias);
  }

  set(alias: string, known: Known): void {
    this.#known.set(alias, known);
  }

  /**
   * The name of a request by its bytes. It covers all that the key is made from, so that nothing that the canonical way tells
   * apart shares one: target, keyed headers, tenant, what options of the route say, and the body. Each text has its length in
   * front of it, so that none can pass for two. Not for a route with a `describe`, which may look at anything.
   *
   * @param body Names the body, its bytes and what became of them; undefined where there is none.
   */
  aliasOf(route: RouteConfig, { target, vary, tenant, fields }: Surroundings, body: string | undefined): string {
    let alias = this.#routePart(route) + framed('u', target);
    if (body !== undefined) alias += framed('b', body);
    if (tenant !== undefined) alias += framed('w', tenant);
    for (const [name, value] of vary) alias += framed('n', name) + framed('v', value);
    if (Object.keys(fields).length > 0) alias += framed('j', JSON.stringify(fields));
    return alias.length <= MAX_ALIAS_LENGTH ? alias : new FramedHash('sha256').add('a', alias).digest();
  }

  #routePart(route: RouteConfig): string {
    const known = this.#routes.get(route);
    if (known !== undefined) return known;
    const kept = ROUTE_FIELDS.filter((name) => route[name] !== undefined);
    const part = framed('r', JSON.stringify([kept, route.ignoreBodyFields]));
    this.#routes.set(route, part);
    return part;
  }
}

function framed(tag: string, text: string): string {
  return `${tag}${text.length}:${text}`;
}
