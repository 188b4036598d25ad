import type { Express, Request } from 'express';
import { describe, expect, it } from 'vitest';
import type { Scope } from '../../../src/config/route-config.ts';
import { CREDENTIAL_HEADERS, credentialsOf, tenantOf } from '../../../src/request/tenant.ts';
import { expressVersions } from '../../support/express.ts';
import { readBy } from './asked.ts';

/** As much of a request as the partition is made from. */
function requestWith(headers: Record<string, string>, more: object = {}): Request {
  return { headers, socket: {}, ...more } as unknown as Request;
}

/** A request over TLS whose client has presented this certificate, or none. */
function requestOverTls(fingerprint256: string | undefined): Request {
  const getPeerX509Certificate = (): object | undefined =>
    fingerprint256 === undefined ? undefined : { fingerprint256 };
  return requestWith({}, { socket: { encrypted: true, getPeerX509Certificate } });
}

const withCookie = (cookie: string): Request => requestWith({ cookie });
const tenant = (req: Request, scope?: Scope): string | undefined => {
  const partition = tenantOf(req, scope);
  if ('bypass' in partition) throw new Error(partition.bypass);
  return partition.tenant;
};
const signIn = (app: Express): unknown =>
  app.use((req, _res, next) => {
    Object.assign(req, { user: { id: 1 } });
    next();
  });

const credentialNames = [
  'authorization',
  'proxy-authorization',
  'cookie',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
  'x-csrf-token',
  'x-amz-security-token',
  'x-auth-request-user',
  'x-forwarded-user',
  'x-forwarded-email',
  'x-amzn-oidc-data',
  'cf-access-jwt-assertion',
  'x-ms-client-principal',
  'x-ms-client-principal-id',
];

describe('the credentials of a request', () => {
  it('are none where it has none', () => {
    const headers = {
      host: 'h',
      accept: '*/*',
      'user-agent': 'x',
      'x-forwarded-for': '1.2.3.4',
      token: 'x',
      'api-keys': 'x',
      'x-cookie': 'x',
      'my-x-auth-user': 'x',
    };
    expect(credentialsOf(requestWith(headers))).toBeUndefined();
    expect(credentialsOf(requestOverTls(undefined))).toBeUndefined();
  });

  it.each(credentialNames)('count %s, and a digest is all that is seen of it', (name) => {
    const first = credentialsOf(requestWith({ host: 'h', [name]: 'canary-1' }));
    expect(first).toMatch(/^credentials:[0-9a-f]{64}$/);
    expect(credentialsOf(requestWith({ host: 'other', [name]: 'canary-1' }))).toBe(first);
    expect(credentialsOf(requestWith({ host: 'h', [name]: 'canary-2' }))).not.toBe(first);
  });

  it('count each header by its name, whatever the order', () => {
    const requests = [
      { authorization: 'a', cookie: 'b' },
      { authorization: 'b', cookie: 'a' },
      { authorization: 'ab' },
      { authorization: 'a' },
      { 'proxy-authorization': 'a' },
      { authorization: '' },
    ].map((headers) => credentialsOf(requestWith(headers as Record<string, string>)));
    expect(new Set(requests).size).toBe(requests.length);
    expect(credentialsOf(requestWith({ cookie: 'b', authorization: 'a' }))).toBe(requests[0]);
  });

  it('count the certificate a TLS client has presented', () => {
    const first = credentialsOf(requestOverTls('AA:BB'));
    expect(first).toMatch(/^credentials:/);
    expect(credentialsOf(requestOverTls('AA:CC'))).not.toBe(first);
  });

  it('are listed', () => {
    expect(CREDENTIAL_HEADERS).toHaveLength(11);
  });
});

describe('the partition', () => {
  const alice = requestWith({ authorization: 'Bearer alice', cookie: 'sid=1; _ga=x' });

  it('is that of the credentials where the route declares none', () => {
    expect(tenant(alice)).toBe(credentialsOf(alice));
    expect(tenantOf(requestWith({}), undefined)).toEqual({});
  });

  it("is everybody's where the route says shared, though somebody is signed in", () => {
    const signedIn = requestWith({ authorization: 'Bearer alice' }, { user: { id: 1 } });
    expect(tenantOf(signedIn, 'shared')).toEqual({});
  });

  it('is what the function of the route returns', () => {
    expect(tenantOf(alice, () => 'acme')).toEqual({ tenant: 'acme' });
  });

  it.each([
    ['an empty string', () => ''],
    ['undefined', () => undefined],
    ['a number', () => 7],
    ['a promise', () => Promise.resolve('acme')],
    ['a promise that rejects', () => Promise.reject(new Error('no'))],
    ['an error', () => { throw new Error('canary'); }], // prettier-ignore
  ])('is unknown where the function gives %s, and the request bypasses', (_, scope) => {
    const partition = tenantOf(alice, scope as unknown as Scope);
    expect(partition).toMatchObject({
      bypass: 'scope-failed',
      error: { code: 'USER_FUNCTION_FAILED', option: 'scope' },
    });
    expect((partition as { error: Error }).error.message).not.toContain('canary');
  });

  it.each(['user', 'auth'])('is unknown where authentication has set req.%s and the route declares nothing', (name) => {
    expect(tenantOf(requestWith({}, { [name]: { id: 1 } }), undefined)).toEqual({ bypass: 'scope-required' });
    expect(tenantOf(requestWith({}, { [name]: null }), undefined)).toEqual({});
    expect(tenantOf(requestWith({}, { [name]: false }), undefined)).toEqual({});
  });

  describe('of some cookies', () => {
    const sid: Scope = { cookies: ['sid', 'lang'] };

    it('leaves the other cookies out', () => {
      expect(tenant(withCookie('_ga=1; sid=a'), sid)).toBe(tenant(withCookie('sid=a;_ga=2'), sid));
      expect(tenant(withCookie('_ga=1'), sid)).toBeUndefined();
      expect(tenant(requestWith({}), sid)).toBeUndefined();
    });

    it('tells values, names and repeats of a cookie apart', () => {
      const cookies = [
        'sid=a',
        'sid=b',
        'sid=',
        'sid="a"',
        'sid=%61',
        'SID=a; lang=b',
        'lang=a',
        'sid=a; sid=b',
        'sid=b; sid=a',
        'sid=a; lang=b',
        'sid=b; lang=a',
        'sid=a=b',
      ];
      const tenants = cookies.map((cookie) => tenant(withCookie(cookie), sid));
      expect(new Set(tenants).size).toBe(cookies.length);
    });

    it('does not depend on the order of different cookies, nor on white space', () => {
      expect(tenant(withCookie('lang=b;sid=a'), sid)).toBe(tenant(withCookie('sid=a;  lang = b '), sid));
    });

    it('still counts every credential that is not a cookie', () => {
      const tenants = [
        requestWith({ cookie: 'sid=a' }),
        requestWith({ cookie: 'sid=a', authorization: 'x' }),
        requestWith({ cookie: 'sid=a', authorization: 'y' }),
        requestWith({ authorization: 'y' }),
      ].map((req) => tenant(req, sid));
      expect(new Set(tenants).size).toBe(tenants.length);
    });

    it('counts as a declaration where somebody is signed in', () => {
      expect(tenantOf(requestWith({ cookie: 'sid=a' }, { user: { id: 1 } }), sid)).toHaveProperty('tenant');
    });
  });

  it.each(expressVersions)('of a request over a socket follows its headers under $name', async ({ express }) => {
    const partition = (headers: Record<string, string>, setUp?: (app: Express) => unknown): Promise<unknown> =>
      readBy(express, (req) => tenantOf(req, undefined), { headers }, setUp);
    expect(await partition({})).toEqual({});
    expect(await partition({ Authorization: 'Bearer alice', Cookie: 'sid=1; _ga=x' })).toEqual({
      tenant: credentialsOf(alice),
    });
    expect(await partition({}, signIn)).toEqual({ bypass: 'scope-required' });
  });
});
