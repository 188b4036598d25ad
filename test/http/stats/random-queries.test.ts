import { request } from 'node:http';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import express from 'express';
import { statsRouter, type ManageableCache } from '../../../src/stats/index.ts';
import { listen } from '../../support/http.ts';
import { inspectableCache } from './inspectable-cache.ts';

const NAMES = ['provider', 'model', 'operation', 'collection', 'tag', 'key', 'confirm'];
const SELECTING = NAMES.slice(0, -1);
const DIGEST = 'ab'.repeat(32);

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...NAMES) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('colection', 'Provider', 'tag[]', '', '%74ag', 'ta%67', 'tenant', '__proto__'),
  },
);
const value = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('openai', '*', 'a%26b', 'a+b', 'x=y', DIGEST, 'ai_cache', '%F0%9F%98%80') },
  { weight: 1, arbitrary: fc.constantFrom('', '%', '%FF', '%zz', 'x'.repeat(1_001), DIGEST.toUpperCase()) },
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...Array.from('abc%&=+?#[]*._~:/')) }) },
);
const member = fc.tuple(name, value).map((parts) => parts.join('='));
const query = fc.array(member, { maxLength: 4 }).map((members) => members.join('&'));
/** Of a path, with a query that is often right. */
const asked = fc.oneof(
  fc.tuple(fc.constant('/invalidate'), query),
  fc.tuple(fc.constant('/clear'), fc.oneof(fc.constantFrom('confirm=ai_cache', 'confirm=ai%5Fcache'), query)),
);

/** What a query says, by the standard's own parser; undefined where any part of it is not as it must be. */
function saidBy(text: string, allowed: readonly string[]): Record<string, string[]> | undefined {
  const said: Record<string, string[]> = {};
  for (const part of text.split('&').filter((one) => one !== '')) {
    const [[first, second] = ['', '']] = [...new URLSearchParams(part)];
    const isWhole = !/%(?![\da-f]{2})/i.test(part) && !first.includes('\uFFFD') && !second.includes('\uFFFD');
    const isKey = first !== 'key' || /^[\da-f]{64,128}$/.test(second);
    if (!allowed.includes(first) || !isWhole || !isKey || second === '' || second.length > 1_000) return undefined;
    (said[first] ??= []).push(second);
  }
  return said;
}

it('no query removes anything that it does not name, whole and by somebody who may', async () => {
  const calls: unknown[] = [];
  const cache: ManageableCache = {
    ...inspectableCache(),
    invalidate: async (selector) => ({ removed: calls.push(selector) }),
    clear: async () => ({ removed: calls.push('everything') }),
  };
  const app = express().use(statsRouter(cache, { authorize: (req) => req.get('x-user') === 'ann' }));
  const server = await listen(app);
  onTestFinished(() => server.close());

  /** `fetch` would tidy the query up. */
  const send = (method: string, path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = request({ port: server.port, host: '127.0.0.1', method, path, headers }, (res) => {
        res.resume().once('end', () => resolve(res.statusCode ?? 0));
      });
      sent.once('error', reject).end();
    });

  const outcomes = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      asked,
      fc.oneof({ weight: 6, arbitrary: fc.constant('DELETE') }, fc.constantFrom('GET', 'HEAD', 'POST', 'PUT')),
      fc.oneof({ weight: 4, arbitrary: fc.constant('ann') }, fc.constantFrom('bob', 'Ann', '')),
      fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, fc.constant({ Origin: 'https://evil.example' })),
      async ([path, text], method, user, origin) => {
        calls.length = 0;
        const status = await send(method, `${path}?${text}`, { 'x-user': user, ...origin });
        const said = saidBy(text, path === '/clear' ? ['confirm'] : SELECTING) ?? {};
        const isMeant = path === '/clear' ? said.confirm?.join() === 'ai_cache' : Object.keys(said).length > 0;
        const isDone = method === 'DELETE' && user === 'ann' && !('Origin' in origin) && isMeant;
        outcomes.add(`${path} ${status}`);
        expect(calls).toEqual(isDone ? [path === '/clear' ? 'everything' : said] : []);
        expect(status === 200).toBe(isDone);
      },
    ),
    { numRuns: 2_000 },
  );
  // All of it really happened.
  for (const path of ['/invalidate', '/clear']) {
    const seen = [...outcomes].filter((outcome) => outcome.startsWith(path)).toSorted();
    expect(seen).toEqual([200, 400, 403, 405].map((status) => `${path} ${status}`));
  }
});
