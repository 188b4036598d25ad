import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/entry/entry.ts';
import { lifetimeOf, type LifetimeInputs } from '../../../src/policy/lifetime.ts';
import type { TtlExplanation } from '../../../src/policy/ttl.ts';

const POLICY: TtlExplanation = {
  ttlSeconds: 500,
  base: 500,
  tier: 'medium',
  multiplier: 1,
  confidence: 1,
  source: 'operation',
};
const NOW = Date.UTC(2026, 0, 1);
const LONGEST = 'f'.repeat(64);

function lifetime(inputs: Partial<LifetimeInputs>) {
  const ttl = { jitter: 0, maxSeconds: 1_000, heuristic: 0 };
  return lifetimeOf({ status: 200, headers: [], now: NOW, explain: () => POLICY, digest: LONGEST, ttl, ...inputs });
}

const cacheControl = (value: string): readonly HeaderField[] => [['Cache-Control', value]];
const said = { headers: cacheControl('max-age=10'), contextSeconds: 20, routeSeconds: 30 };

const HEURISTIC = {
  headers: [['Last-Modified', 'Wed, 31 Dec 2025 23:58:20 GMT']] as const,
  ttl: { jitter: 0, maxSeconds: 1_000, heuristic: 0.1 },
};

describe('the lifetime of an answer', () => {
  it.each<[string, Partial<LifetimeInputs>, number, string]>([
    ['s-maxage of the handler', { ...said, headers: cacheControl('max-age=10, s-maxage=5') }, 5, 'handler'],
    ['max-age of the handler', said, 10, 'handler'],
    ['ttl() or set', { ...said, headers: [] }, 20, 'context'],
    ['Expires of the handler', { ...said, headers: [['Expires', 'Thu, 01 Jan 2026 00:00:50 GMT']] }, 50, 'handler'],
    ['CDN-Cache-Control of the handler', { ...said, headers: [['CDN-Cache-Control', 'max-age=7']] }, 7, 'handler'],
    ['the route', { routeSeconds: 30 }, 30, 'route'],
    ['Last-Modified where that is asked for', HEURISTIC, 10, 'heuristic'],
    ['the policy, for a status without heuristics', { ...HEURISTIC, status: 201 }, 500, 'operation'],
    [
      'Last-Modified of any status that is public',
      { ...HEURISTIC, status: 201, headers: [...HEURISTIC.headers, ['Cache-Control', 'public']] },
      10,
      'heuristic',
    ],
    ['ttl.models', { explain: () => ({ ...POLICY, ttlSeconds: 40, source: 'model' }) }, 40, 'model'],
    ['the policy', {}, 500, 'operation'],
  ])('is what %s says, where nothing stronger says otherwise', (_who, inputs, ttlSeconds, source) => {
    expect(lifetime(inputs)).toEqual({ ttlSeconds, source });
  });

  it.each<[string, Partial<LifetimeInputs>]>([
    ['the handler', { headers: cacheControl('max-age=5000') }],
    ['ttl() or set', { contextSeconds: 5_000 }],
    ['the route', { routeSeconds: 5_000 }],
    ['ttl.models', { explain: () => ({ ...POLICY, ttlSeconds: 5_000, source: 'model' }) }],
    ['the policy', { explain: () => ({ ...POLICY, ttlSeconds: 5_000 }) }],
  ])('is capped where %s says more', (_who, inputs) => {
    expect(lifetime(inputs).ttlSeconds).toBe(1_000);
  });

  it('is jittered where the policy says it, and nowhere else', () => {
    const ttl = { jitter: 0.1, maxSeconds: 1_000, heuristic: 0 };
    expect(lifetime({ ttl }).ttlSeconds).toBeCloseTo(550, 3);
    expect(lifetime({ ttl, headers: cacheControl('max-age=10') }).ttlSeconds).toBe(10);
    expect(lifetime({ ttl, contextSeconds: 20 }).ttlSeconds).toBe(20);
    expect(lifetime({ ttl, routeSeconds: 30 }).ttlSeconds).toBe(30);
    expect(lifetime({ ttl, explain: () => ({ ...POLICY, ttlSeconds: 40, source: 'model' }) }).ttlSeconds).toBe(40);
  });

  it('is capped after jitter', () => {
    const ttl = { jitter: 0.5, maxSeconds: 600, heuristic: 0 };
    expect(lifetime({ ttl }).ttlSeconds).toBe(600);
  });

  it('of the handler may stand in several fields, however they are written', () => {
    const apart: readonly HeaderField[] = [
      ['cache-control', 'max-age=4'],
      ['CACHE-CONTROL', 's-maxage=5'],
    ];
    expect(lifetime({ headers: apart })).toEqual({ ttlSeconds: 5, source: 'handler' });
  });

  it('of 0 counts as said', () => {
    expect(lifetime({ contextSeconds: 0 })).toEqual({ ttlSeconds: 0, source: 'context' });
    expect(lifetime({ headers: cacheControl('max-age=0'), contextSeconds: 9 })).toMatchObject({ ttlSeconds: 0 });
  });

  it('asks the policy only where nobody has said', () => {
    const explain = (): never => {
      throw new Error('asked');
    };
    expect(lifetime({ explain, routeSeconds: 30 }).ttlSeconds).toBe(30);
  });
});
