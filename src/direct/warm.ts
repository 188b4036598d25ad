import type { CacheParts } from '../cache-parts.ts';
import { warmByRunning } from './warm-by-running.ts';
import type { WarmResult } from './warm-count.ts';
import { warmGiven } from './warm-given.ts';
import { checkWarm, type WarmItems, type WarmOptions, type WarmRunOptions } from './warm-options.ts';

/** Items are requests to run where a server is given, else they have their answers with them. */
export async function warm(
  parts: CacheParts,
  items: WarmItems<never>,
  options: WarmOptions | WarmRunOptions,
): Promise<WarmResult> {
  checkWarm(items, options);
  return 'server' in options ? warmByRunning(parts, items, options) : warmGiven(parts, items, options);
}
