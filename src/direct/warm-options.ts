import { Server } from 'node:http';
import { Server as HttpsServer } from 'node:https';
import { nearestName } from '../config/nearest-name.ts';
import { shownValue } from '../config/shown-value.ts';
import { invalidWarmOption, unknownOption, warmItemsNotIterable } from '../errors.ts';
import type { WarmProgress } from './warm-count.ts';

export interface WarmOptions {
  /** Items at a time, 1 to 1 000. Default: 100; 4 where requests are run. */
  readonly concurrency?: number;
  /** Told after each item. What it throws is reported and breaks nothing. */
  readonly onProgress?: (progress: WarmProgress) => unknown;
}

/** How requests are run through the app. */
export interface WarmRunOptions extends WarmOptions {
  /** The app's server, as `app.listen()` or `createServer(app)` returns it; it need not listen yet. Nothing goes over the network. */
  readonly server: Server | HttpsServer;
}

/** Items to warm: an array, or what gives them one after the other. */
export type WarmItems<Item> = Iterable<Item> | AsyncIterable<Item>;

const MAX_CONCURRENCY = 1_000;

const OPTIONS = ['concurrency', 'onProgress', 'server'];

/** Throws AICacheError INVALID_REQUEST, INVALID_OPTION or UNKNOWN_OPTION, naming what is wrong. */
export function checkWarm(items: unknown, options: unknown): void {
  if (!isIterable(items)) throw warmItemsNotIterable(shownValue(items));
  if (typeof options !== 'object' || options === null) {
    throw invalidWarmOption('options', shownValue(options), 'an object');
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined) throw unknownOption(unknown, nearestName(unknown, OPTIONS));
  const { concurrency, onProgress, server } = options as WarmOptions & { server?: unknown };
  if (concurrency !== undefined && !isConcurrency(concurrency)) {
    throw invalidWarmOption('concurrency', shownValue(concurrency), `a whole number from 1 to ${MAX_CONCURRENCY}`);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidWarmOption('onProgress', shownValue(onProgress), 'a function');
  }
  if ('server' in options && !(server instanceof Server || server instanceof HttpsServer)) {
    throw invalidWarmOption('server', shownValue(server), 'an http.Server or https.Server, as app.listen() returns it');
  }
}

function isIterable(items: unknown): boolean {
  return typeof items === 'object' && items !== null && (Symbol.iterator in items || Symbol.asyncIterator in items);
}

function isConcurrency(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= MAX_CONCURRENCY;
}
