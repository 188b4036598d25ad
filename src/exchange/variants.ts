import { randomBytes } from 'node:crypto';
import type { Entry, HeaderField, VariantRule } from '../entry/entry.ts';
import { directivesOf } from '../policy/stated.ts';
import { variesOn, type Covers } from '../policy/vary.ts';
import { variantKey } from '../request/key-generator.ts';
import type { KeyedExchange } from './exchange.ts';
import { coversByKey } from './storage-terms.ts';
import { storeEntry, type StoreResult } from './store-entry.ts';

/** What a key's answers may depend on at the most; beyond that the oldest names go, with the answers that were told apart by them. */
const MAX_NAMES = 16;

/** The exchange by the key of the variant that this request asks for; `rule` lies under the key it had. */
export function withVariant(exchange: KeyedExchange, rule: VariantRule): KeyedExchange {
  const primary = exchange.variant?.primary ?? exchange.key;
  const key = variantKey(primary, rule, exchange.req.headers);
  const variant = { primary, rule };
  // One that is made when it is needed shall not be made for a hit.
  const request = { get: () => exchange.request, enumerable: true };
  return Object.defineProperty({ ...exchange, key, variant }, 'request', request);
}

/** The request headers that an answer depends on and that this exchange's key does not hold. */
export function unkeyedNames(exchange: KeyedExchange, headers: readonly HeaderField[]): readonly string[] {
  return variesOn(headers, coversOf(exchange)) ?? [];
}

function coversOf(exchange: KeyedExchange): Covers {
  const known = exchange.variant?.rule.names ?? [];
  return (name) => known.includes(name) || coversByKey(exchange, name);
}

/** What those who waited for an answer are told apart by where it is for some of them only, so that each kind waits for one of its own. */
export function apartBy(exchange: KeyedExchange, headers: readonly HeaderField[]): VariantRule | undefined {
  const names = unkeyedNames(exchange, headers);
  // Once: what varies by something else each time is waited for no more.
  return names.length === 0 || exchange.variant !== undefined ? undefined : newRule(names);
}

/** May a failure that is stored nowhere go to all who wait for it? Not one that says whose it is. */
export function isForOthers(exchange: KeyedExchange, headers: readonly HeaderField[]): boolean {
  return variesOn(headers, coversOf(exchange))?.length === 0 && !directivesOf(headers).has('private');
}

/**
 * Stores an answer of a key with variants under the key that its request's headers make, with the rule that makes it. `names`: what it
 * depends on that no rule was known to have.
 */
export async function storeVariant(
  exchange: KeyedExchange,
  entry: Entry,
  names: readonly string[],
): Promise<StoreResult> {
  const { parts } = exchange;
  const primary = exchange.variant?.primary ?? exchange.key;
  const there = await parts.store.lookup(primary);
  const rule = ruleFor(there?.entry.variants, [...names, ...(exchange.variant?.rule.names ?? [])]);
  const { key } = withVariant(exchange, rule);
  const ruleEntry = ruleEntryOf(entry, primary.digest, rule);
  const isKept = there !== undefined && there.entry.variants === rule && there.entry.expiresAt >= entry.expiresAt;
  const labels = { ...entry.labels, primary: primary.digest };
  const [result] = await Promise.all([
    storeEntry(parts, key, { ...entry, digest: key.digest, labels }, 'when-taken'),
    isKept ? undefined : parts.store.put(primary, ruleEntry),
  ]);
  return result;
}

/** A rule that has all of these names stays; one that lacks some would leave its answers in the wrong place. */
function ruleFor(there: VariantRule | undefined, names: readonly string[]): VariantRule {
  if (there !== undefined && names.every((name) => there.names.includes(name))) return there;
  const all = [...new Set([...names, ...(there?.names ?? [])])].slice(0, MAX_NAMES);
  return newRule(all.toSorted());
}

function newRule(names: readonly string[]): VariantRule {
  return { id: randomBytes(9).toString('base64url'), names };
}

/** What lies under the key that the variants have in common. It is no answer, so that nothing but its times and labels counts. */
function ruleEntryOf(entry: Entry, digest: string, rule: VariantRule): Entry {
  const { cachedAt, expiresAt, position, textLength, textTier } = entry;
  const { primary: _primary, ...labels } = entry.labels;
  return {
    digest,
    status: 204,
    headers: [],
    coding: 'identity',
    body: Buffer.alloc(0),
    identityBytes: 0,
    cachedAt,
    staleAt: expiresAt,
    expiresAt,
    labels,
    ...(position === undefined ? {} : { position }),
    textLength,
    textTier,
    variants: rule,
  };
}
