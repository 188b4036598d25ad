import type { Entry } from '../entry/entry.ts';
import { FramedHash } from '../request/framed-hash.ts';

/** What entries are selected by, the most selective first. */
export const SELECTOR_FIELDS = ['key', 'target', 'tag', 'collection', 'operation', 'model', 'provider'] as const;
export type SelectorField = (typeof SELECTOR_FIELDS)[number];

/**
 * The entries that have one of the values of each field that is here. Without fields: all. `key` holds digests of keys, `target`
 * of the URLs that answers to a GET are of, `tag` of tags: a tag may name a person, and selectors stand in Redis and go through its commands.
 */
export type Selector = { readonly [Field in SelectorField]?: readonly string[] };

/** What is selected. */
export type Subject = Pick<Entry, 'digest' | 'labels'>;

/** The values that a subject has, as selectors have them. */
export type Traits = { readonly [Field in SelectorField]: readonly string[] };

export function tagDigest(tag: string): string {
  return new FramedHash('sha256').add('t', tag).digest();
}

export function traitsOf({ digest, labels }: Subject): Traits {
  const { provider, model, operation, collection, tags = [], target, primary } = labels;
  return {
    key: [digest, ...asList(primary)],
    target: asList(target),
    tag: tags.map(tagDigest),
    collection: asList(collection),
    operation: asList(operation),
    model: asList(model),
    provider: asList(provider),
  };
}

export function covers(selector: Selector, traits: Traits): boolean {
  return SELECTOR_FIELDS.every((field) => {
    const wanted = selector[field];
    return wanted === undefined || traits[field].some((value) => wanted.includes(value));
  });
}

/** The same for equal selectors, however they were written. */
export function canonicalSelector(selector: Selector): Selector {
  const fields = SELECTOR_FIELDS.filter((field) => selector[field] !== undefined);
  return Object.fromEntries(fields.map((field) => [field, [...new Set(selector[field])].toSorted()]));
}

/** The selector that members of a JSON object make; undefined where they make none. */
export function selectorIn(members: Readonly<Record<string, unknown>>): Selector | undefined {
  const entries = Object.entries(members);
  const isSelector = entries.every(([field, values]) => isField(field) && isTexts(values));
  return isSelector ? members : undefined;
}

function asList(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

function isField(name: string): boolean {
  return (SELECTOR_FIELDS as readonly string[]).includes(name);
}

function isTexts(values: unknown): boolean {
  return Array.isArray(values) && values.length > 0 && values.every((value) => typeof value === 'string');
}
