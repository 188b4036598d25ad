import type { Request } from 'express';
import { describe, expect, it } from 'vitest';
import type { RouteConfig } from '../../../src/config/route-config.ts';
import { whyBypass, whySkipped, type Bypass } from '../../../src/request/bypass.ts';
import { plainRoute } from './asked.ts';

const on = { enabled: () => true };
const requestWith = (method: string, headers: Record<string, string> = {}): Request =>
  ({ method, headers }) as unknown as Request;

/** Asked before the body is read, then behind it. */
const why = (req: Request, config: typeof on, route: RouteConfig): Bypass | undefined =>
  whyBypass(req, config, route) ?? whySkipped(req, route);

const broken = (): boolean => {
  throw new Error('no flags');
};

describe('a request', () => {
  it.each(['GET', 'POST', 'QUERY'])('with the method %s is for the cache', (method) => {
    expect(why(requestWith(method), on, plainRoute)).toBeUndefined();
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'get'])('with the method %s goes past it', (method) => {
    expect(why(requestWith(method), on, plainRoute)).toEqual({ bypass: 'method' });
  });

  it('goes past a cache that is switched off, or whose switch fails', () => {
    expect(why(requestWith('GET'), { enabled: () => false }, plainRoute)).toEqual({ bypass: 'disabled' });
    expect(why(requestWith('GET'), { enabled: broken }, plainRoute)).toMatchObject({
      bypass: 'disabled',
      error: { code: 'USER_FUNCTION_FAILED', option: 'enabled' },
    });
  });

  it('goes past it by a method that the route does not list, and HEAD goes with GET', () => {
    const route: RouteConfig = { ...plainRoute, methods: ['GET'] };
    expect(why(requestWith('POST'), on, route)).toEqual({ bypass: 'method' });
    expect(why(requestWith('HEAD'), on, route)).toBeUndefined();
    expect(why(requestWith('HEAD'), on, { ...route, methods: ['POST'] })).toEqual({ bypass: 'method' });
  });

  it('for a part of a response goes past it, unless it is a GET, which may get its part of a stored one', () => {
    expect(why(requestWith('POST', { range: 'bytes=0-1' }), on, plainRoute)).toEqual({ bypass: 'range' });
    expect(why(requestWith('GET', { range: 'bytes=0-1' }), on, plainRoute)).toBeUndefined();
  });

  it('for a WebSocket goes past it, an offer of HTTP/2 does not', () => {
    expect(why(requestWith('GET', { upgrade: 'WebSocket' }), on, plainRoute)).toEqual({ bypass: 'upgrade' });
    expect(why(requestWith('GET', { upgrade: 'h2c' }), on, plainRoute)).toBeUndefined();
    expect(why(requestWith('POST', { expect: '100-continue' }), on, plainRoute)).toBeUndefined();
  });

  it('goes past it where the route says skip', () => {
    const route: RouteConfig = { ...plainRoute, skip: (req) => req.headers['x-skip'] === '1' };
    expect(why(requestWith('GET', { 'x-skip': '1' }), on, route)).toEqual({ bypass: 'skip' });
    expect(why(requestWith('GET'), on, route)).toBeUndefined();
  });

  it.each([
    ['throws', () => { throw new Error('canary'); }], // prettier-ignore
    ['answers with a promise', () => Promise.resolve(false)],
    ['answers with a promise that rejects', () => Promise.reject(new Error('canary'))],
  ])('goes past it where skip %s, and the error says which option it was', (_, skip) => {
    const bypass = why(requestWith('GET'), on, { ...plainRoute, skip: skip as unknown as () => boolean });
    expect(bypass).toMatchObject({ bypass: 'skip-failed', error: { code: 'USER_FUNCTION_FAILED', option: 'skip' } });
    expect(bypass?.error?.message).not.toContain('canary');
  });

  it('is judged by its method, the switch, its headers and skip, in this order', () => {
    const off = { enabled: () => false };
    const route: RouteConfig = { ...plainRoute, skip: () => true };
    expect(why(requestWith('PUT', { range: 'x' }), off, route)).toEqual({ bypass: 'method' });
    expect(why(requestWith('POST', { range: 'x' }), off, route)).toEqual({ bypass: 'disabled' });
    expect(why(requestWith('POST', { range: 'x' }), on, route)).toEqual({ bypass: 'range' });
  });
});
