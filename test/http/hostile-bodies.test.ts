import { describe, expect, it } from 'vitest';
import type { Sent } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';

function raw(body: string): Sent {
  return { method: 'POST', body, headers: { 'content-type': 'application/json' } };
}

const UNKEYABLE = 'ai-cache; fwd=bypass; detail=unkeyable';

describe.each(expressVersions)('a body made to hurt on $name', ({ express }) => {
  it.each([
    ['arrays', `{"text":"a","deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    ['objects', `{"text":"a","deep":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`],
    ['messages', `{"messages":${'[{"content":'.repeat(10_000)}"a"${'}]'.repeat(10_000)}}`],
  ])('20 000 levels deep, by %s, goes past the cache and is answered', async (_what, body) => {
    const site = await cachedSite(express, (_req, res) => res.json({ ok: true }));
    const answers = await site.askInTurn(raw(body), raw(body));
    expect(answers.map(({ status, text, cacheStatus }) => [status, text, cacheStatus])).toEqual(
      Array.from({ length: 2 }, () => [200, '{"ok":true}', UNKEYABLE]),
    );
    expect(site.errors.map(({ code }) => code)).toEqual(['UNKEYABLE', 'UNKEYABLE']);
    expect(site.runs).toBe(2);
  });

  it.each([
    ['__proto__', '{"text":"a","__proto__":{"x":1}}', '{"text":"a","__proto__":{"x":2}}'],
    ['a __proto__ that is text', '{"__proto__":"x"}', '{"__proto__":"y"}'],
    [
      'constructor',
      '{"text":"a","constructor":{"prototype":{"x":1}}}',
      '{"text":"a","constructor":{"prototype":{"x":2}}}',
    ],
    ['toString', '{"text":"a","toString":1}', '{"text":"a","toString":2}'],
    ['hasOwnProperty', '{"text":"a","hasOwnProperty":1}', '{"text":"a","hasOwnProperty":2}'],
    ['then', '{"text":"a","then":1}', '{"text":"a","then":2}'],
    ['__proto__ among the options', '{"options":{"__proto__":{"x":1}}}', '{"options":{"__proto__":{"x":2}}}'],
    ['lone surrogates', '{"text":"\\ud800"}', '{"text":"\\udfff"}'],
    ['NUL', '{"text":"a\\u0000b"}', '{"text":"a"}'],
  ])('by %s is told apart from another and changes no prototype', async (_what, one, other) => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const answers = await site.askInTurn(raw(one), raw(other), raw(one), raw(other));
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":2}', '{"run":1}', '{"run":2}']);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    expect(site.runs).toBe(2);
  });

  it.each([
    ['2^53', '9007199254740992', '9007199254740993'],
    ['a long integer', '123456789012345678901234567890', '123456789012345678901234567891'],
    ['more than a number holds', '1e999', '2e999'],
  ])(
    'by integers that JSON.parse makes equal (%s) is never answered with the other’s answer',
    async (_what, one, other) => {
      const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
      const answers = await site.askInTurn(raw(`{"id":${one}}`), raw(`{"id":${other}}`));
      expect(answers.map(({ cacheStatus }) => cacheStatus)).toEqual([UNKEYABLE, UNKEYABLE]);
      expect(site.runs).toBe(2);
    },
  );

  it.each([
    ['1.0 and 1, which are one number', '1.0', '1', 1],
    ['1 and "1"', '1', '"1"', 2],
    ['null and absent', '{"n":null}', '{}', 2],
    ['-0 and 0', '-0', '0', 2],
    ['true and "true"', 'true', '"true"', 2],
    ['[] and {}', '[]', '{}', 2],
  ])('by %s makes as many runs as there are values', async (_what, one, other, runs) => {
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    await site.askInTurn(raw(`{"v":${one}}`), raw(`{"v":${other}}`));
    expect(site.runs).toBe(runs);
  });

  it('of 10 MB is keyed, answered and told apart by its last character', async () => {
    const text = 'x'.repeat(10 * 1024 * 1024);
    const site = await cachedSite(
      express,
      (req, res, run) => res.json({ run, length: (req.body as { text: string }).text.length }),
      {
        cache: { memoryTextTiers: ['xlarge'] },
      },
    );
    const answers = await site.askInTurn(
      { json: { text } },
      { json: { text } },
      { json: { text: `${text.slice(1)}y` } },
    );
    expect(answers.map((answer) => answer.text)).toEqual([1, 1, 2].map((run) => `{"run":${run},"length":10485760}`));
    expect(site.runs).toBe(2);
  });

  it('of 50 000 members is keyed whatever their order', async () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `n${index}`);
    const site = await cachedSite(express, (_req, res, run) => res.json({ run }));
    const body = (order: readonly string[]): string => `{${order.map((name) => `"${name}":1`).join(',')}}`;
    const answers = await site.askInTurn(raw(body(names)), raw(body(names.toReversed())));
    expect(answers.map(({ text }) => text)).toEqual(['{"run":1}', '{"run":1}']);
  });
});
