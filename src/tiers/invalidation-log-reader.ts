import { InvalidationLog } from './invalidation-log.ts';
import { enterRows, rowsIn } from './invalidation-rows.ts';
import type { RedisClient } from './redis-client.ts';

const PAGE = 1_000;

/**
 * Reads the log in Redis on from where this process knows it. False where that is no place in it or much has been logged since:
 * then all of it is to be read. `mismatch`: a reply was another command's.
 */
export async function readOn(client: RedisClient, key: string, log: InvalidationLog): Promise<boolean | 'mismatch'> {
  const range = [log.sequence, '+inf', 'BYSCORE', 'LIMIT', 0, PAGE, 'WITHSCORES'];
  const rows = rowsIn(await client.call('zrange', key, ...range));
  if (rows === 'mismatch') return rows;
  if (rows.length === PAGE || rows.at(-1)?.text !== `~${log.epoch}`) return false;
  enterRows(log, rows);
  return true;
}

/** Reads the whole log, of about so many members. */
export async function readWhole(
  client: RedisClient,
  key: string,
  members: number,
): Promise<InvalidationLog | 'mismatch'> {
  const pages = Math.ceil(members / PAGE) + 1;
  // At once, so that nothing moves from one page to another.
  const reading = client.multi();
  for (let page = 0; page < pages; page += 1) {
    reading.call('zrange', key, page * PAGE, (page + 1) * PAGE - 1, 'WITHSCORES');
  }
  const rows = rowsIn(
    ((await reading.exec()) ?? []).flatMap(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    }),
  );
  const marker = rows === 'mismatch' ? undefined : rows.at(-1)?.text;
  if (rows === 'mismatch' || marker?.startsWith('~') !== true) return 'mismatch';
  const log = new InvalidationLog(marker.slice(1));
  enterRows(log, rows);
  return log;
}
