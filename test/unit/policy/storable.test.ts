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
