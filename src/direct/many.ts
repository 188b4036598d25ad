import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CacheParts } from '../cache-parts.ts';
import { shownValue } from '../config/shown-value.ts';
import type { LogPosition } from '../entry/entry.ts';
import { AICacheError, internalFault, notAnArray } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import type { CachedResponse } from './cached-response.ts';
import { begin, decoded, directSet, got, type SetOptions, type SetResult } from './direct.ts';
import type { Direct } from './report.ts';
import type { GivenResponse } from './given-response.ts';

/** An answer to store. */
export interface SetItem extends SetOptions {
  readonly request: AIRequest;
  readonly response: GivenResponse;
}

/** `invalid`: the item is not as `set` takes it; `error` says why. */
export type SetItemResult =
  | SetResult
  | { readonly stored: false; readonly reason: 'invalid'; readonly error: AICacheError };

/** Items under way at a time: enough for one connection to be always busy, few enough for each to be in time. */
const SETS_AT_ONCE = 100;

export async function directSetMany(parts: CacheParts, items: readonly SetItem[]): Promise<SetItemResult[]> {
  if (!Array.isArray(items)) throw notAnArray('setMany', 'items', shownValue(items));
  const results: SetItemResult[] = [];
  // All were given now: what is invalidated while the first are written does not come back with the last.
  let position = await parts.store.noted();
  for (let first = 0; first < items.length; first += SETS_AT_ONCE) {
    const some = items.slice(first, first + SETS_AT_ONCE);
    // oxlint-disable-next-line no-await-in-loop -- what has a deadline must not wait for thousands of others
    results.push(...(await Promise.all(some.map((item) => setOne(parts, item, position)))));
    // oxlint-disable-next-line no-await-in-loop -- only where there was no log to note a place of
    if (position.epoch === '') position = await parts.store.noted();
    // oxlint-disable-next-line no-await-in-loop -- memory alone never waits, and requests must have their turn
    await nextTurn();
  }
  return results;
}

/** Never rejects. `position`: where the invalidation log stood when the item was given. */
export async function setOne(parts: CacheParts, item: SetItem, position: LogPosition): Promise<SetItemResult> {
  try {
    // An item that is no object has no request, and is told so.
    const { request, response, ...options } = item ?? {};
    return await directSet(parts, request, response, options, position);
  } catch (error) {
    return { stored: false, reason: 'invalid', error: error instanceof AICacheError ? error : internalFault(error) };
  }
}

/** In the order of the requests. One that is no request has no answer, and is reported. */
export async function directGetMany(
  parts: CacheParts,
  requests: readonly AIRequest[],
  allowStale: boolean,
): Promise<(CachedResponse | undefined)[]> {
  if (!Array.isArray(requests)) throw notAnArray('getMany', 'requests', shownValue(requests));
  const asked = requests.map((request) => beginIfValid(parts, request));
  const valid = asked.filter((direct) => direct !== undefined);
  const found = await parts.store.lookupMany(valid.map(({ key }) => key));
  const read = await Promise.all(found.map((one) => decoded(one, allowStale)));
  const responses = new Map(valid.map((direct, place) => [direct, got(direct, read[place])]));
  return asked.map((direct) => direct && responses.get(direct));
}

function beginIfValid(parts: CacheParts, request: AIRequest): Direct | undefined {
  try {
    return begin(parts, request);
  } catch (error) {
    parts.report(error);
    return undefined;
  }
}
