import { GIST_BYTES, gistIn, type Gist } from '../entry/codec.ts';
import type { LogPosition } from '../entry/entry.ts';
import { redisReplyMismatch } from '../errors.ts';
import { digestIn, holdsVariants, indexesFor, indexesOf, type Member } from './invalidation-index.ts';
import { rowsIn, type Row } from './invalidation-rows.ts';
import { covers, traitsOf, type Selector } from './invalidation-selector.ts';
import { sendAll, type BatchCommand } from './redis-batch.ts';
import type { RedisClient } from './redis-client.ts';

export interface Walk {
  readonly client: RedisClient;
  readonly namespace: string;
  readonly selector: Selector;
  /** Where the selector stands in the log: entries that began to be made behind it are left alone. */
  readonly position: LogPosition;
}

/** Members of an index read at a time, and so the most keys of one command. */
const PAGE = 500;

/** What lies in Redis under a member: unreadable is what another release wrote. */
interface Lying {
  readonly member: Member;
  readonly gist: Gist | 'unreadable' | undefined;
}

/**
 * Deletes the covered entries, page by page; `onPage` is told how many keys a page deleted. The smallest index that holds them is
 * walked, and each entry's own labels decide.
 */
export async function removeCovered(walk: Walk, onPage: (removed: number) => void): Promise<void> {
  for await (const { index, lying } of pagesOf(walk)) {
    const covered = lying.filter((entry) => isCovered(walk, entry));
    const replies = await sendAll(
      walk.client,
      unlinking(
        walk.client,
        covered.map(({ member }) => `${walk.namespace}:e:${member}`),
      ),
    );
    onPage(replies.reduce<number>((sum, reply) => sum + counted(reply), 0));
    await sendAll(walk.client, leaving(walk.namespace, index, [...covered, ...lying.filter(isGone)]));
  }
}

/** How many of the covered entries are such. */
export async function countCovered(walk: Walk, isSuch: (gist: Gist) => boolean): Promise<number> {
  let count = 0;
  for await (const { lying } of pagesOf(walk)) {
    count += lying.filter(({ gist }) => isReadable(gist) && isCoveredGist(walk, gist) && isSuch(gist)).length;
  }
  return count;
}

function isCovered(walk: Walk, { gist }: Lying): boolean {
  if (gist === undefined) return false;
  // A selector without fields is for everything of the namespace, whoever wrote it.
  return isReadable(gist) ? isCoveredGist(walk, gist) : Object.keys(walk.selector).length === 0;
}

function isCoveredGist({ selector, position }: Walk, gist: Gist): boolean {
  const isLater = gist.position?.epoch === position.epoch && gist.position.sequence >= position.sequence;
  return !isLater && covers(selector, traitsOf(gist));
}

function isReadable(gist: Lying['gist']): gist is Gist {
  return gist !== undefined && gist !== 'unreadable';
}

function isGone({ gist }: Lying): boolean {
  return gist === undefined;
}

async function* pagesOf(walk: Walk): AsyncGenerator<{ readonly index: string; readonly lying: readonly Lying[] }> {
  for (const index of await smallest(walk)) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other leaves Redis time for requests
    for await (const members of membersOf(walk.client, index)) {
      const isAll = walk.selector.key === undefined || holdsVariants(walk.namespace, index);
      const wanted = isAll ? members : members.filter((member) => hasKey(walk, member));
      yield { index, lying: await lookedAt(walk, wanted) };
    }
  }
}

function hasKey({ selector }: Walk, member: Member): boolean {
  return selector.key?.includes(digestIn(member)) ?? true;
}

/** The indexes of the field that has to look at the fewest members, without those that are empty. */
async function smallest({ client, namespace, selector }: Walk): Promise<string[]> {
  const choices = indexesFor(namespace, selector);
  const counts = (
    await sendAll(
      client,
      choices.flat().map((index) => ['zcard', index]),
    )
  ).map(counted);
  let first = 0;
  const sized = choices.map((indexes) => {
    const sizes = counts.slice(first, (first += indexes.length));
    const filled = indexes.filter((_, place) => (sizes[place] as number) > 0);
    return { filled, size: sizes.reduce((sum, size) => sum + size, 0) };
  });
  return sized.reduce((least, choice) => (choice.size < least.size ? choice : least)).filled;
}

/** The members of an index, up to the last one it has now. Those that go meanwhile do not matter. */
async function* membersOf(client: RedisClient, index: string): AsyncGenerator<Member[]> {
  const last = (await rowsOf(client, index, [-1, -1]))[0]?.sequence;
  if (last === undefined) return;
  let from = -Infinity;
  let seenAtFrom: ReadonlySet<Member> = new Set();
  for (;;) {
    const offset = seenAtFrom.size;
    // oxlint-disable-next-line no-await-in-loop -- a page begins where the one before ended
    const rows = await rowsOf(client, index, [
      from === -Infinity ? '-inf' : from,
      last,
      'BYSCORE',
      'LIMIT',
      0,
      PAGE + offset,
    ]);
    const news = rows.filter(({ text }) => !seenAtFrom.has(text));
    const end = rows.at(-1)?.sequence;
    if (end === undefined || news.length === 0) return;
    yield news.map(({ text }) => text);
    if (rows.length < PAGE + offset) return;
    const atEnd = rows.filter(({ sequence }) => sequence === end).map(({ text }) => text);
    seenAtFrom = new Set(end === from ? [...seenAtFrom, ...atEnd] : atEnd);
    from = end;
  }
}

async function rowsOf(client: RedisClient, index: string, range: readonly (string | number)[]): Promise<Row[]> {
  const rows = rowsIn(await client.call('zrange', index, ...range, 'WITHSCORES'));
  if (rows === 'mismatch') throw redisReplyMismatch('invalidate');
  return rows;
}

async function lookedAt({ client, namespace }: Walk, members: readonly Member[]): Promise<Lying[]> {
  const read = async (wanted: readonly { readonly member: Member; readonly bytes: number }[]): Promise<unknown[]> =>
    sendAll(
      client,
      wanted.map(({ member, bytes }) => ['getrange', `${namespace}:e:${member}`, 0, bytes - 1]),
    );
  const replies = await read(members.map((member) => ({ member, bytes: GIST_BYTES })));
  const seen = members.map((member, place) => ({ member, gist: gistOf(member, replies[place]) }));
  const long = seen.flatMap(({ member, gist }) => (isLong(gist) ? [{ member, bytes: gist.needs }] : []));
  const longReplies = await read(long);
  const longGists = new Map(long.map(({ member }, place) => [member, gistOf(member, longReplies[place])]));
  return seen.map(({ member, gist }) => {
    const whole = isLong(gist) ? longGists.get(member) : gist;
    return { member, gist: isLong(whole) ? 'unreadable' : whole };
  });
}

function isLong(gist: ReturnType<typeof gistOf>): gist is { readonly needs: number } {
  return typeof gist === 'object' && 'needs' in gist;
}

function gistOf(member: Member, reply: unknown): Gist | { readonly needs: number } | 'unreadable' | undefined {
  // Of another type: WRONGTYPE.
  if (reply instanceof Error) return 'unreadable';
  if (!Buffer.isBuffer(reply)) throw redisReplyMismatch('invalidate');
  if (reply.length === 0) return undefined;
  const gist = gistIn(reply);
  if (gist !== undefined && 'digest' in gist && gist.digest !== digestIn(member))
    throw redisReplyMismatch('invalidate');
  return gist ?? 'unreadable';
}

/** On a Cluster one key a command: they lie in many slots. */
function unlinking(client: RedisClient, keys: readonly string[]): BatchCommand[] {
  if (client.isCluster) return keys.map((key) => ['unlink', key]);
  return keys.length === 0 ? [] : [['unlink', ...keys]];
}

/** Takes members out of the index that was walked, and out of all others that their labels name. */
function leaving(namespace: string, walked: string, entries: readonly Lying[]): BatchCommand[] {
  const members = new Map<string, Member[]>();
  for (const { member, gist } of entries) {
    const indexes = isReadable(gist) ? indexesOf(namespace, gist) : [];
    for (const index of new Set([walked, ...indexes])) {
      const those = members.get(index);
      if (those === undefined) members.set(index, [member]);
      else those.push(member);
    }
  }
  return [...members].map(([index, those]) => ['zrem', index, ...those]);
}

function counted(reply: unknown): number {
  if (reply instanceof Error) throw reply;
  if (typeof reply !== 'number') throw redisReplyMismatch('invalidate');
  return reply;
}
