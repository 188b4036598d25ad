/** One contender of the bench of the event loop, in a process of its own: answers, and says how long its longest turn took. */
import express, { type RequestHandler, type Response } from 'express';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { aiCache, AIResponseCache, digestBody } from 'express-ai-cache';
import { answerOf, eventsOf, type AnswerForm } from './loop-bodies.ts';
import type { Order, Reply } from './loop-order.ts';

const MEBIBYTE = 2 ** 20;
const LIMIT = 64 * MEBIBYTE;

const [variant = '', redisPath] = process.argv.slice(2);
const memory = { maxBytes: 256 * MEBIBYTE, maxEntryBytes: LIMIT };
const memoryTextTiers = ['small', 'medium', 'large', 'xlarge'] as const;
const tiers =
  variant === 'redis' ? { memory: false as const, redis: redisPath as string } : { memory, memoryTextTiers };
const cache =
  variant === 'bare'
    ? undefined
    : new AIResponseCache({ ...tiers, maxEntryBytes: LIMIT, redisTimeoutMs: 10_000, telemetry: false });

const app = express();
const verify = cache === undefined ? {} : { verify: digestBody };
const json = express.json({ limit: LIMIT });
const parsed: RequestHandler[] = cache === undefined ? [] : [aiCache({ cache })];
const raw: RequestHandler[] = cache === undefined ? [] : [aiCache({ cache, body: 'raw', bodyLimitBytes: LIMIT })];
const confirm: RequestHandler = (req, res) => void res.json({ model: (req.body as { model: string }).model });
app.post('/request/parsed', json, ...parsed, confirm);
app.post('/request/digest', express.json({ limit: LIMIT, ...verify }), ...parsed, confirm);
app.post('/request/raw', ...raw, json, confirm);

/** Made beforehand, as a provider's client would hand it over; one at a time, since a large heap has long turns of its own. */
let answer: unknown;
const send: RequestHandler = (req, res) => {
  const { form } = req.params as { form: AnswerForm };
  if (form === 'stream') void stream(res, answer as readonly string[]);
  else if (form === 'text') res.type('text/plain').send(answer);
  // A Buffer, as a proxy has it; an object, as an SDK has it.
  else if (form === 'vectors') res.type('application/json').send(answer);
  else res.json(answer);
};
app.post('/answer/:form', json, ...parsed, send);

async function stream(res: Response, events: readonly string[]): Promise<void> {
  res.type('text/event-stream');
  for (const event of events) if (!res.write(event)) await once(res, 'drain');
  res.end();
}

function prepare(form: AnswerForm, bytes: number): void {
  const made = form === 'stream' ? eventsOf(bytes) : answerOf(form, bytes);
  answer = form === 'vectors' ? Buffer.from(JSON.stringify(made)) : made;
}

let longest = 0;
let isWatching = false;

/** From one pass through the loop to the next: all that another client waits for. */
function watch(): void {
  let last = performance.now();
  longest = 0;
  isWatching = true;
  const look = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (isWatching) setImmediate(look);
  };
  setImmediate(look);
}

function storedSoFar(): number {
  const sizes = Object.values(cache?.monitor.snapshot().compression.byCoding ?? {});
  return sizes.reduce((sum, { count }) => sum + count, 0);
}

let storedBefore = 0;

async function obey(order: Order): Promise<Reply> {
  switch (order.type) {
    case 'prepare':
      prepare(order.form, order.bytes);
      return {};
    case 'watch':
      storedBefore = storedSoFar();
      watch();
      return {};
    default:
      // What is done after the answer counts too.
      for (let tries = 0; storedSoFar() < storedBefore + order.stored; tries += 1) {
        if (tries > 2_000) throw new Error('An answer was not stored.');
        await pause(5);
      }
      await pause(20);
      isWatching = false;
      return { longestMs: longest };
  }
}

process.on('message', (order: Order) => void obey(order).then((reply) => process.send?.(reply)));
process.on('disconnect', () => process.exit());
const server = app.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
// The bench may pause for longer.
server.keepAliveTimeout = 0;
