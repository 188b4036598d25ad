/** The app with its cache and its cascade, on a port; the providers are emulators. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AIResponseCache } from 'express-ai-cache';
import { CachedTranslationService, ProviderCascade } from 'express-ai-cache/cascade';
import express from 'express';
import type { RequestHandler } from 'express';
import { createApp } from './app.ts';
import { startEmulator, type Emulator } from './emulator.ts';
import { createProviders, type ProviderName } from './providers.ts';

export type Emulators = Readonly<Record<ProviderName, Emulator>>;

export interface Instance {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  readonly webhookSecret: string;
  readonly service: CachedTranslationService;
  readonly emulators: Emulators;
  stop(): Promise<void>;
}

/** `port` 0: a free one. */
export async function startInstance(port: number, redis: string | undefined): Promise<Instance> {
  const emulators: Emulators = {
    openai: await startEmulator(),
    anthropic: await startEmulator(),
    mistral: await startEmulator(),
    deepseek: await startEmulator(),
  };
  // Every run begins with nothing stored, also in a Redis that has seen others, and leaves nothing there for long.
  const namespace = `translation:${randomUUID()}`;
  const cache = new AIResponseCache({
    redis,
    namespace,
    ttl: { defaultSeconds: 600 },
    // What is shown should not depend on how busy this machine is; an app keeps the default.
    redisTimeoutMs: 5_000,
    onError: (error) => console.error(error.message),
  });
  // With Redis away the app starts all the same, and goes on with memory alone; onError has said so.
  await cache.connect().catch(() => undefined);
  const providers = createProviders(emulators);
  const cascade = new ProviderCascade({ cache, providers, timeoutMs: 10_000, retries: 1, retryDelayMs: 20 });
  const service = new CachedTranslationService({ cascade });

  const webhookSecret = randomUUID();
  const app = express();
  app.post('/demo/:provider', express.json(), failOnDemand(emulators));
  app.use(createApp({ cache, service, webhookSecret }));
  const server = createServer(app).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    webhookSecret,
    service,
    emulators,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      await closed;
      await cache.close();
      await Promise.all(Object.values(emulators).map((emulator) => emulator.stop()));
    },
  };
}

/** `POST /demo/openai {"fail":503}` makes a provider fail, `{}` heals it. */
function failOnDemand(emulators: Emulators): RequestHandler {
  return (req, res) => {
    const name = String(req.params.provider);
    const { fail } = (req.body ?? {}) as { fail?: unknown };
    const isStatus = typeof fail === 'number' && Number.isInteger(fail) && fail >= 400 && fail <= 599;
    if (!Object.hasOwn(emulators, name) || (fail !== undefined && !isStatus)) {
      res.status(400).json({ error: `Send {"fail":503} or {} to /demo/<${Object.keys(emulators).join(' | ')}>.` });
      return;
    }
    emulators[name as ProviderName].fail(isStatus ? fail : undefined);
    res.status(204).end();
  };
}
