import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/entry/entry.ts';
import { whyNotStorable, type Candidate, type StorageTerms } from '../../../src/policy/storable.ts';
import { isFailure } from '../../../src/policy/statuses.ts';

const NOW = Date.UTC(2026, 0, 1);

function why(candidate: Partial<Candidate>, terms: Partial<StorageTerms> = {}): string | undefined {
  const usual = { isCheckable: false, isAuthorized: false, storeErrors: false, lifetimeSeconds: undefined };
  const refusal = whyNotStorable(
    { status: 200, headers: [], ...candidate },
    { covers: () => false, now: NOW, ...usual, ...terms },
  );
  return refusal && `${refusal.kind} ${refusal.reason}`;
}

const having = (...headers: HeaderField[]): Partial<Candidate> => ({ headers });

describe('whyNotStorable', () => {
  it.each<[answer: string, refusal: string | undefined, candidate: Partial<Candidate>]>([
    ['a plain answer', undefined, {}],
    ['201', undefined, { status: 201 }],
    ['203', undefined, { status: 203 }],
    ['204', undefined, { status: 204 }],
    ['202', 'other status', { status: 202 }],
    ['206', 'declared status', { status: 206 }],
    ['301', 'other status', { status: 301 }],
    ['304', 'declared status', { status: 304 }],
    ['400', 'other status', { status: 400 }],
    ['404', 'other status', { status: 404 }],
    ['412', 'declared status', { status: 412 }],
    ['416', 'declared status', { status: 416 }],
    ['429', 'failed error', { status: 429 }],
    ['500', 'failed error', { status: 500 }],
    ['599', 'failed error', { status: 599 }],
    ['no-store', 'declared no-store', having(['Cache-Control', 'no-store'])],
    [
      'private in a second field',
      'declared private',
      having(['Cache-Control', 'max-age=5'], ['cache-control', 'private']),
    ],
    ['no-cache', 'declared no-cache', having(['Cache-Control', 'no-cache'])],
    [
      'no-cache on an event stream',
      undefined,
      having(['Cache-Control', 'no-cache'], ['Content-Type', 'text/event-stream']),
    ],
    [
      'no-store on an event stream',
      'declared no-store',
      having(['Cache-Control', 'no-cache, no-store'], ['Content-Type', 'text/event-stream']),
    ],
    ['max-age=0', 'declared no-lifetime', having(['Cache-Control', 'max-age=0'])],
    ['Set-Cookie', 'declared set-cookie', having(['set-cookie', 'a=b'])],
    ['an error with a cookie', 'declared set-cookie', { status: 500, headers: [['Set-Cookie', 'a=b']] }],
    ['an error with no-store', 'failed error', { status: 500, headers: [['Cache-Control', 'no-store']] }],
    ['a 404 with no-store', 'declared no-store', { status: 404, headers: [['Cache-Control', 'no-store']] }],
    ['Vary: *', 'declared vary-star', having(['Vary', '*'])],
    ['Vary: * among others', 'declared vary-star', having(['Vary', 'Accept-Encoding'], ['vary', 'X-A, *'])],
    ['Vary on the coding', undefined, having(['Vary', 'Accept-Encoding'])],
    ['Vary on nothing', undefined, having(['Vary', ' , '])],
    ['Vary on what is not keyed', undefined, having(['Vary', 'X-A'])],
    ['an event stream, as far as its head tells', undefined, having(['Content-Type', 'text/event-stream'])],
    ['a trailer', 'declared trailer', having(['Trailer', 'X-Sum'])],
    ['an unknown coding', 'declared content-encoding', having(['Content-Encoding', 'compress'])],
    ['a known coding', undefined, having(['Content-Encoding', 'GZIP'])],
    ['two codings', 'declared content-encoding', having(['Content-Encoding', 'gzip'], ['Content-Encoding', 'br'])],
    ['a body of another length', 'failed unfinished', { headers: [['Content-Length', '3']], body: Buffer.from('xx') }],
    ['a body of its length', undefined, { headers: [['Content-Length', '2']], body: Buffer.from('xx') }],
  ])('of %s is %s', (_answer, refusal, candidate) => {
    expect(why(candidate)).toBe(refusal);
  });

  it.each<[what: string, refusal: string | undefined, candidate: Partial<Candidate>, terms: Partial<StorageTerms>]>([
    ['301 with a lifetime', undefined, { status: 301, headers: [['Cache-Control', 'max-age=5']] }, {}],
    ['404 with a lifetime', 'other status', { status: 404, headers: [['Cache-Control', 'max-age=5']] }, {}],
    [
      '404 that is wanted',
      undefined,
      { status: 404, headers: [['Cache-Control', 'max-age=5']] },
      { storeErrors: true },
    ],
    ['404 without a lifetime that is wanted', 'other status', { status: 404 }, { storeErrors: true }],
    [
      '500 that is wanted',
      undefined,
      { status: 500, headers: [['Expires', 'Fri, 02 Jan 2026 00:00:00 GMT']] },
      { storeErrors: true },
    ],
    [
      '206 that is wanted',
      'declared status',
      { status: 206, headers: [['Cache-Control', 'max-age=5']] },
      { storeErrors: true },
    ],
    [
      '404 with a heuristic lifetime',
      undefined,
      { status: 404 },
      { storeErrors: true, heuristicSeconds: 5, lifetimeSeconds: 5 },
    ],
    ['no-cache that can be checked', undefined, having(['Cache-Control', 'no-cache']), { isCheckable: true }],
    ['max-age=0 that can be checked', undefined, having(['Cache-Control', 'max-age=0']), { isCheckable: true }],
    ['no lifetime from anybody', 'declared no-lifetime', {}, { lifetimeSeconds: 0 }],
    ['an age beyond its lifetime', 'declared no-lifetime', having(['Cache-Control', 'max-age=5'], ['Age', '5']), {}],
    ['an age, with the lifetime of a policy', undefined, having(['Age', '500']), { lifetimeSeconds: 60 }],
    ['an authorized request, by policy', undefined, {}, { isAuthorized: true }],
    ['an authorized request', 'declared authorization', having(['Cache-Control', 'max-age=5']), { isAuthorized: true }],
    [
      'an authorized request, for all',
      undefined,
      having(['Cache-Control', 'max-age=5, public']),
      { isAuthorized: true },
    ],
    ['an authorized request, s-maxage', undefined, having(['Cache-Control', 's-maxage=5']), { isAuthorized: true }],
    ['no-store, must-understand', undefined, having(['Cache-Control', 'no-store, must-understand, max-age=5']), {}],
    [
      'must-understand, of an unknown status',
      'declared status',
      { status: 299, headers: [['Cache-Control', 'must-understand, max-age=5']] },
      {},
    ],
    ['Vary on what makes variants', undefined, having(['Vary', 'X-A']), {}],
  ])('of %s is %s', (_what, refusal, candidate, terms) => {
    expect(why(candidate, terms)).toBe(refusal);
  });

  it('stores no answer that says no-store, private or sets a cookie, whatever else it says', () => {
    const field = fc.constantFrom<HeaderField>(
      ['Cache-Control', 'max-age=60'],
      ['Content-Type', 'text/plain'],
      ['X-A', 'b'],
    );
    const forbidding = fc.constantFrom<HeaderField>(
      ['cache-control', 'private'],
      ['Cache-Control', 'no-store'],
      ['Set-Cookie', 'a=b'],
    );
    fc.assert(
      fc.property(
        fc.array(field),
        forbidding,
        fc.array(field),
        fc.integer({ min: 200, max: 599 }),
        (before, one, after, status) => {
          expect(why({ status, headers: [...before, one, ...after] })).toBeDefined();
        },
      ),
    );
  });

  it('calls a failure what may be better the next time', () => {
    expect([200, 400, 401, 404, 429, 500, 503].map(isFailure)).toEqual([false, false, false, false, true, true, true]);
  });
});
