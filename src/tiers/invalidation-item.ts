import { canonicalSelector, selectorIn, type Selector } from './invalidation-selector.ts';

/** What the invalidation log says of the entries that were filled before it. */
export type LogItem = {
  /** Place in the log. */
  readonly sequence: number;
  readonly selector: Selector;
} & (
  | { readonly action: 'invalidate' }
  /** `at`: since then they are stale, milliseconds since the epoch. */
  | { readonly action: 'expire'; readonly at: number }
);

/** An item that has no place yet. */
export type NewItem = LogItem extends infer Item ? (Item extends LogItem ? Omit<Item, 'sequence'> : never) : never;

/**
 * An item as the log in Redis holds it: JSON. Equal invalidations have equal texts, so that the later takes the earlier's place;
 * an expiry never replaces another one, whose time counts for older entries.
 */
export function itemText(item: NewItem): string {
  const { action, selector } = item;
  return JSON.stringify({ action, ...(action === 'expire' ? { at: item.at } : {}), ...canonicalSelector(selector) });
}

/** Undefined for a text that is no item of this release. Never throws. */
export function itemIn(text: string, sequence: number): LogItem | undefined {
  const members = parsed(text);
  if (members === undefined) return undefined;
  const { action, at, ...fields } = members;
  const selector = selectorIn(fields);
  if (selector === undefined) return undefined;
  if (action === 'invalidate' && at === undefined) return { sequence, action, selector };
  return action === 'expire' && typeof at === 'number' ? { sequence, action, selector, at } : undefined;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
