/** The benchmark's probe: who gives wrong answers is not timed. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import type { Child } from '../../bench/measure/child.ts';
import { probe, type Verdict } from '../../bench/measure/probe.ts';
import { Answers, numberIn, type Site } from '../../bench/site.ts';

const site: Site = { method: 'GET', promptBytes: 0, answerBytes: 256, form: 'json' };
const answers = new Answers(site);
const type = 'application/json; charset=utf-8';

let close: () => unknown = () => undefined;
afterEach(() => close());

/** What the probe says of a server; `runs` is how often its handler ran. */
async function verdictOn(listener: RequestListener, runs: () => number): Promise<Verdict> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = () => server.close();
  const child: Child = {
    name: 'the one',
    port: (server.address() as AddressInfo).port,
    complaint: () => '',
    ask: async (question) => (question === 'runs' ? runs() : 0),
    end: async () => {},
  };
  return probe(child, site);
}

/** A cache in front of a counted handler, with a flaw. */
function cached({ keyOf = (url) => url, send = (n) => answers.buffer(n), headers = {}, isStoring = true }: Flaw = {}) {
  const stored = new Map<string, Buffer>();
  let runs = 0;
  const listener: RequestListener = (req, res) => {
    const key = keyOf(req.url ?? '');
    const hit = stored.get(key);
    if (hit === undefined) runs += 1;
    const body = hit ?? send(numberIn(req.url ?? ''));
    if (isStoring) stored.set(key, body);
    res.writeHead(200, { 'Content-Type': type, ...(hit === undefined ? {} : headers) }).end(body);
  };
  return verdictOn(listener, () => runs);
}

interface Flaw {
  readonly keyOf?: (url: string) => string;
  readonly send?: (n: number) => Buffer;
  /** Of hits. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly isStoring?: boolean;
}

test('a cache that answers right is right', async () => {
  await expect(cached()).resolves.toEqual({ caches: true });
});

test('a route without a cache is right and does not cache', async () => {
  await expect(cached({ isStoring: false })).resolves.toEqual({ caches: false });
});

test('the answer to another prompt is wrong', async () => {
  const verdict = await cached({ keyOf: () => 'the same for all' });
  expect(verdict.wrong).toBe('another prompt: the answer to another prompt');
});

test('other bytes are wrong', async () => {
  const verdict = await cached({ send: (n) => Buffer.from(`${answers.buffer(n).toString()}\n`) });
  expect(verdict.wrong).toBe('the first answer: other bytes');
});

test('another content type on a hit is wrong', async () => {
  const verdict = await cached({ headers: { 'Content-Type': 'text/html' } });
  expect(verdict.wrong).toBe('the repeated answer: content type text/html');
});

test('bytes in a coding are compared decoded', async () => {
  const send = (n: number): Buffer => brotliCompressSync(answers.buffer(n));
  const listener: RequestListener = (req, res) => {
    res.writeHead(200, { 'Content-Type': type, 'Content-Encoding': 'br' }).end(send(numberIn(req.url ?? '')));
  };
  await expect(verdictOn(listener, () => 1)).resolves.toEqual({ caches: true });
});

test('a connection that breaks is wrong, not an error of the benchmark', async () => {
  const verdict = await verdictOn(
    (req) => req.socket.destroy(),
    () => 0,
  );
  expect(verdict.wrong).toMatch(/^no answer: /);
});
