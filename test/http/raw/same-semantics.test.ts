import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestBody } from '../../../src/request/body-bytes.ts';
import type { Sent } from '../../support/ask.ts';
import { cachedSite, type CachedSite, type SiteOptions } from '../../support/cached-site.ts';
import { expressVersions } from '../../support/express.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** Bodies of which some are the same JSON in other bytes, and some are not. */
const BODIES = [
  '{"text":"a","n":1}',
  '{"n":1,"text":"a"}',
  '{ "text": "a", "n": 1 }',
  '{"text":"a","n":1.0}',
  '{"text":"a","n":"1"}',
  '{"text":"a","n":null}',
  '{"text":"a"}',
  '{"text":"\\u0061"}',
  '{"text":"A"}',
  '{"text":"a","model":"m"}',
  '{"text":"a","__proto__":{"x":1}}',
  '{"text":"a","n":12345678901234567890}',
  '["a"]',
  '{}',
  '[]',
  '',
  '{"text":"é"}',
  '{"text":"e\u0301"}',
  '\uFEFF{"text":"a"}',
];

const HEADERS: readonly Record<string, string>[] = [
  {},
  { authorization: 'Bearer a' },
  { authorization: 'Bearer b' },
  { accept: 'text/plain' },
  { 'accept-language': 'de' },
  { host: 'other.test' },
  { 'x-flavour': 'sweet' },
  { 'content-type': 'application/vnd.api+json' },
  { 'content-type': 'application/json; charset=utf-8' },
];

const sent: fc.Arbitrary<Sent> = fc.record({
  method: fc.constantFrom('POST', 'POST', 'POST', 'QUERY'),
  path: fc.constantFrom('/a', '/a', '/a?x=1&y=2', '/a?y=2&x=1'),
  body: fc.constantFrom(...BODIES),
  headers: fc
    .oneof({ weight: 2, arbitrary: fc.constant(HEADERS[0]) }, fc.constantFrom(...HEADERS))
    .map((headers) => ({ 'content-type': 'application/json', ...headers })),
});

/** Three ways to mount, same semantics. */
async function sites(express: (typeof expressVersions)[number]['express']): Promise<CachedSite[]> {
  const type = ['application/json', 'application/*+json'];
  const route = { varyHeaders: ['X-Flavour'] } as const;
  const mounts: SiteOptions[] = [
    { parser: express.json({ type }), route },
    { parser: express.json({ type, verify: digestBody }), route },
    { parser: false, inner: [express.json({ type })], route: { ...route, body: 'raw' } },
  ];
  const clock = manualClock();
  return Promise.all(
    mounts.map((options) =>
      cachedSite(express, (req, res, run) => res.json({ run, body: req.body as unknown }), { ...options, clock }),
    ),
  );
}

describe.each(expressVersions)('on $name', ({ express }) => {
  it('the three ways to mount tell the same requests apart, whatever comes in whatever order', async () => {
    const mounted = await sites(express);
    let asked = 0;
    let hits = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(sent, { minLength: 8, maxLength: 16 }), async (requests) => {
        // A path of its own: no run sees what another one stored.
        const own = requests.map((request) => ({ ...request, path: `/${asked}${request.path ?? ''}` }));
        const answers = await Promise.all(mounted.map((site) => site.askInTurn(...own)));
        const [parsed = [], ...others] = answers.map((list) =>
          list.map(({ status, cacheStatus, text }) => [status, cacheStatus, text.replace(/"run":\d+/, '')]),
        );
        for (const other of others) expect(other).toEqual(parsed);
        asked += own.length;
        hits += parsed.filter(([, status]) => String(status).includes('; hit')).length;
      }),
      { numRuns: 80 },
    );
    expect(hits).toBeGreaterThan(20);
    const [runs, ...others] = mounted.map((site) => site.runs);
    expect(others).toEqual([runs, runs]);
  });
});
