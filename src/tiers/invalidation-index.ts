import { boundedKeyPart } from '../request/key-part.ts';
import { INDEX } from './invalidation-scripts.ts';
import { SELECTOR_FIELDS, traitsOf, type Selector, type SelectorField, type Subject } from './invalidation-selector.ts';
import type { RedisClient } from './redis-client.ts';

/**
 * A member of the indexes of what lies in Redis: it stands for the entry `<namespace>:e:<member>`. There is a sorted set for each value
 * of each field, for all versions of a namespace, with the time an entry expires as score. Keys are spread over 256 sets by the
 * beginning of their digest; together those hold everything.
 */
export type Member = string;

const SHARD_DIGITS = 2;

/** Keys of one script at the most. */
const MAX_KEYS = 500;

/** The indexes an entry is in. */
export function indexesOf(namespace: string, subject: Subject): string[] {
  // By its own digest alone: each lies in one of the sets that hold everything.
  const traits = { ...traitsOf(subject), key: [subject.digest] };
  const { primary } = subject.labels;
  return [
    ...SELECTOR_FIELDS.flatMap((field) => traits[field].map((value) => indexOf(namespace, field, value))),
    ...(primary === undefined ? [] : [variantsOf(namespace, primary)]),
  ];
}

/** For each field of a selector the indexes that hold all it can select by it; for one without fields those that hold everything. */
export function indexesFor(namespace: string, selector: Selector): string[][] {
  const fields = SELECTOR_FIELDS.filter((field) => selector[field] !== undefined);
  if (fields.length === 0) return [allShards(namespace)];
  return fields.map((field) => {
    const values = selector[field] ?? [];
    const variants = field === 'key' ? values.map((value) => variantsOf(namespace, value)) : [];
    return [...new Set([...values.map((value) => indexOf(namespace, field, value)), ...variants])];
  });
}

/** Does this index hold the variants of one key, so that the digests of its members say nothing? */
export function holdsVariants(namespace: string, index: string): boolean {
  return index.startsWith(variantsOf(namespace, ''));
}

function variantsOf(namespace: string, primary: string): string {
  return `${namespace}:i:variant:${primary}`;
}

/** Enters an entry into its indexes. `lifetimeMs`: how long it lies in Redis. */
export async function enterIndexes(
  client: RedisClient,
  indexes: readonly string[],
  member: Member,
  lifetimeMs: number,
): Promise<void> {
  // On a Cluster each lies in a slot of its own.
  const perScript = client.isCluster ? 1 : MAX_KEYS;
  const scripts: Promise<unknown>[] = [];
  for (let first = 0; first < indexes.length; first += perScript) {
    const keys = indexes.slice(first, first + perScript);
    scripts.push(client.eval(INDEX, keys.length, ...keys, member, lifetimeMs));
  }
  await Promise.all(scripts);
}

/** The digest in a member, `<version>:<provider>:<model>:<collection>:<digest>[:<text>]`. */
export function digestIn(member: Member): string {
  return member.split(':', 5)[4] ?? '';
}

function indexOf(namespace: string, field: SelectorField, value: string): string {
  const part = field === 'key' ? value.slice(0, SHARD_DIGITS) : boundedKeyPart(value);
  return `${namespace}:i:${field}:${part}`;
}

function allShards(namespace: string): string[] {
  return Array.from({ length: 16 ** SHARD_DIGITS }, (_, shard) =>
    indexOf(namespace, 'key', shard.toString(16).padStart(SHARD_DIGITS, '0')),
  );
}
