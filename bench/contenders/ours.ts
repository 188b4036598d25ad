/** express-ai-cache, as it is built: both ways to mount it, with and without OpenTelemetry. */
import express, { type RequestHandler } from 'express';
import * as library from 'express-ai-cache';
import type { Contender } from '../contender.ts';
import type { Site } from '../site.ts';
import { startOpenTelemetry } from './open-telemetry.ts';

export interface Variant {
  /** `digest`: parsed, with the digest taken in `express.json`'s `verify`. Default: parsed. */
  readonly body?: 'parsed' | 'digest' | 'raw';
  /** `one-percent`, `always`: the SDK runs and samples that much. Default: no SDK. */
  readonly telemetry?: 'none' | 'off' | 'one-percent' | 'always';
}

/** More than any scenario makes. */
const UNBOUNDED = { maxEntries: 1_000_000, maxBytes: 2 ** 31 };

export function ours({ body = 'parsed', telemetry = 'none' }: Variant): Contender {
  return {
    cannot: (site) => whyNot(body, site),
    start: async (site, { ready }) => {
      if (telemetry === 'one-percent') startOpenTelemetry(0.01);
      if (telemetry === 'always') startOpenTelemetry(1);
      const options = telemetry === 'off' ? { ...optionsFor(site), telemetry: false as const } : optionsFor(site);
      return express().all('/ask', ...mounted(body, options), ready);
    },
  };
}

function mounted(body: Variant['body'], options: library.AIResponseCacheOptions): RequestHandler[] {
  if (body === 'raw') return [library.aiCache({ ...options, ...RAW })];
  const verify = body === 'digest' ? digestBody() : undefined;
  return [express.json({ limit: '1mb', ...(verify && { verify }) }), library.aiCache(options)];
}

/** Into the verdict of the probe, where it fails. */
function onError(error: Error): void {
  console.error(String(error));
}

function optionsFor({ redis, processes = 1, maxEntries }: Site): library.AIResponseCacheOptions {
  const memory = { ...UNBOUNDED, ...(maxEntries === undefined ? {} : { maxEntries }) };
  if (redis === undefined) return { memory, onError };
  if (processes === 1) return { redis, memory: false, onError };
  // Processes that have just started, two on a busy core, are not to give Redis up after the default of 200 ms: each would run the
  // handler for itself then.
  return { redis, memory: false, onError, redisTimeoutMs: 5_000, coalesce: { across: 'cluster' } };
}

/** Of a way to mount that the installed build does not have. */
function whyNot(body: Variant['body'], { method }: Site): string | undefined {
  if (body !== 'parsed' && method === 'GET') return 'a GET has no body: the same as parsed';
  if (body === 'digest' && digestBody() === undefined) return 'this build exports no digestBody';
  if (body !== 'raw') return undefined;
  try {
    library.aiCache({ ...RAW });
    return undefined;
  } catch (error) {
    if (error instanceof library.AICacheError) return `this build does not have it: ${error.message}`;
    throw error;
  }
}

/** An option that not every build has. */
const RAW: object = { body: 'raw' };

type Verify = NonNullable<NonNullable<Parameters<typeof express.json>[0]>['verify']>;

/** What not every build exports. */
function digestBody(): Verify | undefined {
  return (library as { digestBody?: Verify }).digestBody;
}
