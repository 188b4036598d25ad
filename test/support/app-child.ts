/** A small app behind one cache, as a process of its own: test/support/app-process.ts starts it and talks to it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Request, Response } from 'express';
import { aiCache } from '../../src/middleware.ts';
import type { AppOptions } from './app-process.ts';
import { expressVersions } from './express.ts';

const { major = 5, cache: options = {}, route = {} } = JSON.parse(process.env.APP_OPTIONS ?? '{}') as AppOptions;
const { express } = expressVersions.find((version) => version.major === major) ?? expressVersions[0];

const errors: string[] = [];
// On a machine that is busy Redis may need longer than a request would wait for it.
const cached = aiCache({
  redisTimeoutMs: 5_000,
  ...options,
  ...route,
  telemetry: false,
  onError: ({ code }) => errors.push(code),
});
let runs = 0;

function answer(req: Request, res: Response): void {
  runs += 1;
  if (req.path === '/bytes')
    res
      .type('bin')
      .set('Link', ['</a>', '</b>'])
      .send(Buffer.from(Array.from({ length: 5_000 }, (_, index) => index % 256)));
  else res.json({ pid: process.pid, run: runs, asked: req.body ?? null });
}

const app = express();
// Whoever needs no answer from the cache stands in front of it.
app.get('/control/state', (_req, res) => {
  void cached.cache.info().then(({ tiers }) => res.json({ runs, errors, redis: tiers.redis }));
});
app.post('/control/close', (_req, res) => {
  res.on('close', () => server.close());
  void cached.cache.close().then(() => res.end('closed'));
});
app.use(express.json(), cached, answer);

const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`${(server.address() as AddressInfo).port}\n`);

// The process that started this one is gone.
process.stdin.on('end', () => process.exit(3)).resume();
process.stdin.unref();
