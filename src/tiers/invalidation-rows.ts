import { itemIn } from './invalidation-item.ts';
import type { InvalidationLog } from './invalidation-log.ts';

/** A member of the log with its place, as ZRANGE … WITHSCORES gives it. */
export interface Row {
  readonly text: string;
  readonly sequence: number;
}

/** The end of the log. */
export interface LogHead {
  readonly epoch: string;
  readonly sequence: number;
}

/** The rows in a reply, of RESP2 or RESP3; `mismatch` for a reply that is another command's (DESIGN D7). */
export function rowsIn(reply: unknown): Row[] | 'mismatch' {
  if (!Array.isArray(reply)) return 'mismatch';
  const items = reply.flat() as unknown[];
  const rows: Row[] = [];
  for (let index = 0; index < items.length; index += 2) {
    const text = items[index];
    const sequence = Number(items[index + 1]);
    if (typeof text !== 'string' || !Number.isSafeInteger(sequence)) return 'mismatch';
    rows.push({ text, sequence });
  }
  return rows;
}

/** The head in a reply that begins with it; undefined where there is no log. */
export function headIn(reply: unknown): LogHead | undefined | 'mismatch' {
  if (!Array.isArray(reply)) return 'mismatch';
  if (reply.length === 0) return undefined;
  const rows = rowsIn(reply.slice(0, 2));
  const marker = rows === 'mismatch' ? undefined : rows[0];
  if (marker === undefined || !/^~[\w-]+$/.test(marker.text)) return 'mismatch';
  return { epoch: marker.text.slice(1), sequence: marker.sequence };
}

/** Takes rows of the log in, see invalidation-scripts.ts. An item that this release cannot read may concern anything before it. */
export function enterRows(log: InvalidationLog, rows: readonly Row[]): void {
  for (const { text, sequence } of rows) {
    const item = itemIn(text, sequence);
    if (item !== undefined) log.add(item);
    else if (text.startsWith('~')) log.reach(sequence);
    else log.raiseFloor(sequence);
  }
}
