import { describe, expect, it } from 'vitest';
import { lifetimeOf, type LifetimeInputs } from '../../../src/policy/lifetime.ts';

function lifetime(inputs: Partial<LifetimeInputs>): unknown {
  return lifetimeOf({ headers: [], defaultSeconds: 100, maxSeconds: 1_000, ...inputs });
}

const maxAge = (value: string): LifetimeInputs['headers'] => [['Cache-Control', value]];

describe('a lifetime', () => {
  it('is set by the strongest that says something: handler, context, route, default', () => {
    const all = { headers: maxAge('max-age=4'), contextSeconds: 3, routeSeconds: 2 };
    expect(lifetime(all)).toEqual({ ttlSeconds: 4, source: 'handler' });
    expect(lifetime({ ...all, headers: [] })).toEqual({ ttlSeconds: 3, source: 'context' });
    expect(lifetime({ ...all, headers: [], contextSeconds: undefined })).toEqual({ ttlSeconds: 2, source: 'route' });
    expect(lifetime({})).toEqual({ ttlSeconds: 100, source: 'default' });
  });

  it('of the handler is s-maxage rather than max-age, in whichever field it stands', () => {
    expect(lifetime({ headers: maxAge('max-age=4, s-maxage=5') })).toEqual({ ttlSeconds: 5, source: 'handler' });
    const apart: LifetimeInputs['headers'] = [
      ['cache-control', 'max-age=4'],
      ['CACHE-CONTROL', 's-maxage=5'],
    ];
    expect(lifetime({ headers: apart })).toEqual({ ttlSeconds: 5, source: 'handler' });
  });

  it('of 0 counts as said', () => {
    expect(lifetime({ contextSeconds: 0 })).toEqual({ ttlSeconds: 0, source: 'context' });
    expect(lifetime({ headers: maxAge('max-age=0'), contextSeconds: 9 })).toEqual({ ttlSeconds: 0, source: 'handler' });
  });

  it('is capped by maxSeconds, whoever set it', () => {
    expect(lifetime({ headers: maxAge('max-age=5000') })).toMatchObject({ ttlSeconds: 1_000, source: 'handler' });
    expect(lifetime({ contextSeconds: 5_000 })).toMatchObject({ ttlSeconds: 1_000 });
    expect(lifetime({ routeSeconds: 5_000 })).toMatchObject({ ttlSeconds: 1_000 });
  });
});
