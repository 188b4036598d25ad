import { afterAll, beforeAll, expect, it } from 'vitest';
import { startApp, type AppProcess } from '../../support/app-process.ts';
import { startRedis, type RedisServer } from '../../support/redis-server.ts';
import { openCache } from './open-cache.ts';

const ASKED = { json: { text: 'What is a cache?' }, headers: { host: 'answers.test' } };

let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

async function hasIt(app: AppProcess): Promise<boolean> {
  return (await app.ask(ASKED)).cacheStatus?.endsWith('detail=memory') === true;
}

it('two other processes serve from their memory until, and not after, a third has invalidated', async () => {
  const route = { collection: 'docs' };
  const apps = await Promise.all([1, 2].map(() => startApp({ cache: { redis: redis.url }, route })));
  const { cache } = openCache({ redis: redis.url });
  for (let round = 1; round <= 5; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one round after the other
    for (const app of apps) await expect.poll(() => hasIt(app), { timeout: 10_000 }).toBe(true);
    const selector = round % 2 === 0 ? { collection: 'docs' } : { collection: ['none', 'docs'], provider: undefined };
    // oxlint-disable-next-line no-await-in-loop
    await (round === 5 ? cache.clear() : cache.invalidate(selector));
    // oxlint-disable-next-line no-await-in-loop
    const answers = await Promise.all(apps.map((app) => app.ask(ASKED)));
    // Both may run the handler; nobody gets what was made before.
    const runs = answers.map(({ text }) => (JSON.parse(text) as { run: number }).run);
    // oxlint-disable-next-line no-await-in-loop
    const states = await Promise.all(apps.map((app) => app.state()));
    expect(Math.max(...runs)).toBe(Math.max(...states.map((state) => state.runs)));
    expect(states.flatMap(({ errors }) => errors)).toEqual([]);
  }
  const ended = await Promise.all(apps.map((app) => app.close()));
  expect(ended).toEqual([
    { exitCode: 0, stderr: '' },
    { exitCode: 0, stderr: '' },
  ]);
});

it('a process that stood still does not serve what was invalidated meanwhile', async () => {
  const app = await startApp({ cache: { redis: redis.url }, route: { collection: 'docs' } });
  await expect.poll(() => hasIt(app), { timeout: 10_000 }).toBe(true);
  const { runs } = await app.state();
  process.kill(app.pid, 'SIGSTOP');
  const { cache } = openCache({ redis: redis.url });
  expect(await cache.invalidate({ collection: 'docs' })).toEqual({ removed: 1 });
  const asking = app.ask(ASKED);
  process.kill(app.pid, 'SIGCONT');
  expect((await asking).cacheStatus).toMatch(/fwd=miss/);
  expect((await app.state()).runs).toBe(runs + 1);
});
