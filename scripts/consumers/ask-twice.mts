import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type Express from 'express';
import type * as Package from 'express-ai-cache';
import type * as Cascade from 'express-ai-cache/cascade';
import type * as Stats from 'express-ai-cache/stats';

/** What a consumer imported, in whatever way it imports. */
export interface Imported {
  express: typeof Express;
  aiCache: typeof Package.aiCache;
  statsRouter: typeof Stats.statsRouter;
  ProviderCascade: typeof Cascade.ProviderCascade;
}

/** Mounts the cache on an app, sends one request twice over a real socket and expects the second answer from the cache. */
export async function askTwice({ express, aiCache, statsRouter, ProviderCascade }: Imported): Promise<void> {
  let runs = 0;
  const cached = aiCache();
  const app = express();
  app.use('/cache', statsRouter(cached.cache, { authorize: () => true }));
  app.post('/ask', express.json(), cached, (_req, res) => {
    runs += 1;
    res.json({ answer: 'forty-two', runs });
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const ask = async () => {
    const answer = await fetch(`${origin}/ask`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'What is six times seven?', operation: 'question' }),
    });
    return { status: answer.status, cacheStatus: answer.headers.get('cache-status') ?? '', body: await answer.text() };
  };
  const first = await ask();
  const second = await ask();
  assert.equal(first.status, 200);
  assert.match(first.cacheStatus, /fwd=miss/);
  assert.equal(second.status, 200);
  assert.match(second.cacheStatus, /;\s*hit\b/);
  assert.equal(second.body, first.body);
  assert.equal(runs, 1);
  assert.equal((await fetch(`${origin}/cache/stats`)).status, 200);
  const page = await (await fetch(`${origin}/cache/`)).text();
  const assets = [...page.matchAll(/(?:href|src)="(assets\/[^"]+)"/g)].map(([, path]) => `${origin}/cache/${path}`);
  const statuses = await Promise.all(assets.map(async (asset) => (await fetch(asset)).status));
  assert.deepEqual(
    statuses,
    assets.map(() => 200),
  );

  const cascade = new ProviderCascade({
    cache: cached.cache,
    providers: [{ provider: 'own', model: 'm', call: async () => ({ text: 'forty-two' }) }],
  });
  await cascade.complete({ text: 'What is six times seven?' });
  assert.equal((await cascade.complete({ text: 'What is six times seven?' })).cached, true);

  server.close();
  server.closeAllConnections();
  await cached.cache.close();
  console.log(second.cacheStatus);
}
