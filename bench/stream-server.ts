/** One contender, in a process of its own: streams until told to stop, and says what CPU time and memory it took. */
import express, { type RequestHandler, type Response } from 'express';
import { setImmediate as turn } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { aiCache } from 'express-ai-cache';

const CHUNKS = 200;
const words = 'the quick brown fox jumps over a lazy dog and runs on '.split(' ');
/** As long as a completion chunk of OpenAI's. */
const chunks = Array.from(
  { length: CHUNKS },
  (_, index) =>
    `data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1790000000,"model":"gpt-4o-mini",` +
    `"choices":[{"index":0,"delta":{"content":"${words[index % words.length]} "},"finish_reason":null}]}\n\n`,
);
const END = 'data: [DONE]\n\n';

let go = Promise.withResolvers<void>();

/** All at once, so that what is measured is the way of the bytes. */
const whole: RequestHandler = (_req, res) => {
  begin(res);
  for (const chunk of chunks) res.write(chunk);
  res.end(END);
};

/** A few chunks, each in a turn of the event loop of its own. */
const short: RequestHandler = async (_req, res) => {
  begin(res);
  for (const chunk of chunks.slice(0, 5)) {
    res.write(chunk);
    await turn();
  }
  res.end(END);
};

/** Half of it, and the rest when the bench says so. */
const held: RequestHandler = async (_req, res) => {
  begin(res);
  for (const chunk of chunks.slice(0, CHUNKS / 2)) res.write(chunk);
  await go.promise;
  for (const chunk of chunks.slice(CHUNKS / 2)) res.write(chunk);
  res.end(END);
};

function begin(res: Response): void {
  res.setHeader('Content-Type', 'text/event-stream');
}

const cached: RequestHandler[] = process.argv[2] === 'cache' ? [aiCache()] : [];
const app = express();
for (const [path, handler] of Object.entries({ whole, short, held })) {
  app.post(`/${path}`, express.json(), ...cached, handler);
}
const server = app.listen(0, '127.0.0.1', 2_000, () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
let before = process.cpuUsage();
process.on('message', (message) => {
  if (message === 'start') before = process.cpuUsage();
  if (message === 'stop') process.send?.({ cpuMicros: total(process.cpuUsage(before)) });
  if (message === 'memory') process.send?.({ bytes: memory() });
  if (message === 'go') {
    go.resolve();
    go = Promise.withResolvers();
  }
  if (message === 'exit') process.exit();
});

function total({ user, system }: NodeJS.CpuUsage): number {
  return user + system;
}

/** Heap and what is held outside of it, after what nobody needs is gone. */
function memory(): number {
  for (let times = 0; times < 3; times += 1) globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
