/** One instance of the app, as a process of a deployment would run it: a cache of its own, perhaps a Redis with the others. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AIResponseCache } from 'express-ai-cache';
import type { AIResponseCacheOptions } from 'express-ai-cache';
import { createApp } from './app.ts';
import type { Provider } from './provider.ts';
import type { Telemetry } from './telemetry.ts';

export interface Instance {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly cache: AIResponseCache;
  /** Answers what it has begun, then ends. */
  stop(): Promise<void>;
}

export interface InstanceOptions {
  readonly provider: Provider;
  readonly telemetry: Telemetry;
  /** 0: a free one. */
  readonly port: number;
  readonly cacheOptions: AIResponseCacheOptions;
}

export async function startInstance({ provider, telemetry, port, cacheOptions }: InstanceOptions): Promise<Instance> {
  const cache = new AIResponseCache({ ...cacheOptions, onError: (error) => console.error(error.message) });
  const app = createApp({ cache, openai: provider.openai, model: provider.model });
  app.get('/metrics', telemetry.metrics);

  // With Redis away the app starts all the same, and goes on with memory alone; onError has said so.
  await cache.connect().catch(() => undefined);
  const server = createServer(app).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cache,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
      await cache.close();
    },
  };
}
