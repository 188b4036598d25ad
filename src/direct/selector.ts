import { nearestName } from '../config/nearest-name.ts';
import { invalidSelector, unknownSelectorField } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import type { CacheKeyGenerator } from '../request/key-generator.ts';
import { SELECTOR_FIELDS, tagDigest, type Selector, type SelectorField } from '../tiers/invalidation-selector.ts';

/**
 * Which entries `invalidate` and `expire` are about: those that fit all fields given, and of a field with several values any of
 * them. At least one field; a field that is undefined is not given. Nothing in a value has a special meaning: `a*` is the name `a*`.
 */
export interface EntrySelector {
  provider?: string | readonly string[] | undefined;
  model?: string | readonly string[] | undefined;
  operation?: string | readonly string[] | undefined;
  collection?: string | readonly string[] | undefined;
  tag?: string | readonly string[] | undefined;
  /** Requests, as `requestFor` gives them, or digests of their keys, in lower-case hex. */
  key?: AIRequest | string | readonly (AIRequest | string)[] | undefined;
}

/** What is invalidated by its URL is so by a request that changed it. */
const GIVEN_FIELDS: readonly SelectorField[] = SELECTOR_FIELDS.filter((field) => field !== 'target');

/** A label can be longer; such a one is only reached by the others. */
const MAX_CHARACTERS = 1_000;

const MAX_VALUES = 100;

/** The log holds thousands of them, in every process. */
const MAX_ALTOGETHER = 10_000;

const A_NAME = `a string of 1 to ${MAX_CHARACTERS} characters, or an array of 1 to ${MAX_VALUES} of them`;

const A_KEY = `an AIRequest, a digest in lower-case hex, or an array of 1 to ${MAX_VALUES} of them`;

/**
 * The selector that a caller gave. Throws AICacheError INVALID_SELECTOR naming the field that is not as it must be, and
 * INVALID_REQUEST or UNKEYABLE for a request in `key`.
 */
export function selectorOf(given: unknown, keys: Pick<CacheKeyGenerator, 'keyFor'>): Selector {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalidSelector('selector', 'an object');
  const fields = Object.entries(given as Readonly<Record<string, unknown>>).filter(([, value]) => value !== undefined);
  if (fields.length === 0) throw invalidSelector('selector', 'an object with at least one field');
  const selector = Object.fromEntries(fields.map(([name, value]) => [fieldOf(name), valuesOf(name, value, keys)]));
  if (JSON.stringify(selector).length > MAX_ALTOGETHER) {
    throw invalidSelector('selector', `an object of at most ${MAX_ALTOGETHER} characters altogether`);
  }
  return selector;
}

function fieldOf(name: string): SelectorField {
  const field = GIVEN_FIELDS.find((known) => known === name);
  if (field !== undefined) return field;
  const shown = name.slice(0, 60);
  throw unknownSelectorField(shown, nearestName(shown, [...GIVEN_FIELDS]));
}

function valuesOf(field: string, given: unknown, keys: Pick<CacheKeyGenerator, 'keyFor'>): string[] {
  const expected = field === 'key' ? A_KEY : A_NAME;
  const values: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (values.length === 0 || values.length > MAX_VALUES) throw invalidSelector(field, expected);
  return values.map((value) => {
    if (field === 'key' && typeof value === 'object' && value !== null) return keys.keyFor(value as AIRequest).digest;
    if (typeof value !== 'string' || !(field === 'key' ? isDigest(value) : isName(value))) {
      throw invalidSelector(field, expected);
    }
    return field === 'tag' ? tagDigest(value) : value;
  });
}

function isName(value: string): boolean {
  return value.length > 0 && value.length <= MAX_CHARACTERS;
}

/** 256 to 512 bits. */
function isDigest(value: string): boolean {
  return /^[\da-f]{64,128}$/.test(value);
}
