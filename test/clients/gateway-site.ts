import { onTestFinished } from 'vitest';
import { createGateway } from '../../examples/gateway/app.ts';
import { providersFrom } from '../../examples/gateway/providers.ts';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { AIResponseCacheOptions } from '../../src/config/options.ts';
import type { AICacheError } from '../../src/errors.ts';
import { serve } from '../support/cached-site.ts';
import type { Origins } from './gateway-cases.ts';

export interface GatewaySite {
  readonly url: string;
  readonly origins: Origins;
  readonly cache: AIResponseCache;
  /** What `onError` was told. */
  readonly errors: readonly AICacheError[];
}

/** The gateway of the example, in front of one upstream for all providers, until the test is over. */
export async function gatewaySite(upstream: string, options: AIResponseCacheOptions = {}): Promise<GatewaySite> {
  const errors: AICacheError[] = [];
  const cache = new AIResponseCache({ telemetry: false, onError: (error) => void errors.push(error), ...options });
  onTestFinished(() => cache.close());
  const { url } = await serve(createGateway({ cache, providers: providersFrom({}, upstream) }));
  return { url, origins: originsBelow(url), cache, errors };
}

export function originsBelow(url: string): Origins {
  return {
    openai: `${url}/openai`,
    anthropic: `${url}/anthropic`,
    mistral: `${url}/mistral`,
    deepseek: `${url}/deepseek`,
  };
}

/** Without a gateway: each provider is asked at its own address. */
export function originsAt(url: string): Origins {
  return { openai: url, anthropic: url, mistral: url, deepseek: url };
}
