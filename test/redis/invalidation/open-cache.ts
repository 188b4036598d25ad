import { onTestFinished } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { systemClock, type Clock } from '../../../src/clock.ts';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import type { CachedResponse } from '../../../src/direct/cached-response.ts';
import type { AICacheError } from '../../../src/errors.ts';
import type { AIRequest } from '../../../src/request/ai-request.ts';

export interface OpenCache {
  readonly cache: AIResponseCache;
  readonly errors: AICacheError[];
  /** The stored text, and the tier it came from. */
  read(request: AIRequest): Promise<string | undefined>;
}

/** A cache that ends with the test. On a machine that is busy Redis may need longer than a request would wait for it. */
export function openCache(options: AIResponseCacheOptions, clock: Clock = systemClock): OpenCache {
  const errors: AICacheError[] = [];
  const onError = (error: AICacheError): void => {
    // The models here are nobody's.
    if (error.code !== 'UNKNOWN_MODEL') errors.push(error);
  };
  const cache = new AIResponseCache({ redisTimeoutMs: 10_000, telemetry: false, onError, ...options }, clock);
  onTestFinished(() => cache.close());
  return { cache, errors, read: async (request) => shown(await cache.get(request)) };
}

function shown(response: CachedResponse | undefined): string | undefined {
  return response && `${response.text()} from ${response.tier ?? 'nowhere'}`;
}

/** A request of the collection `docs`, with a text of its own. */
export function docs(text: string, more: Partial<AIRequest> = {}): AIRequest {
  return { provider: 'openai', model: 'gpt', collection: 'docs', text, ...more };
}

/** The error that some work ended with. */
export async function errorOf(work: Promise<unknown>): Promise<AICacheError> {
  return work.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: unknown) => error as AICacheError,
  );
}
