import type { Request } from 'express';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { parseRouteOptions } from '../../../src/config/parse.ts';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import { routeOptions } from '../../../src/config/route-schema.ts';
import { cacheOptions } from '../../../src/config/schema.ts';
import { errorOf } from './error-of.ts';

const model = (req: Request): string | undefined => req.get('x-model');
const skip = (): boolean => false;

const DEFAULTS = {
  body: 'parsed',
  bodyLimitBytes: 102_400,
  varyHeaders: [],
  ignoreBodyFields: [],
  methods: ['GET', 'POST', 'QUERY'],
  requestDirectives: 'private',
  storeErrors: false,
  onClientDisconnect: 'finish',
  replay: { pace: 'instant' },
};

describe('parseRouteOptions', () => {
  it('leaves out what was left out', () => {
    expect(parseRouteOptions()).toEqual(DEFAULTS);
    expect(Object.keys(parseRouteOptions({ skip: undefined, scope: undefined })).toSorted()).toEqual(
      Object.keys(DEFAULTS).toSorted(),
    );
  });

  it('keeps constants and functions as they are', () => {
    expect(parseRouteOptions({ provider: 'openai', model, skip, confidence: 1.5, ttlSeconds: 0.5 })).toEqual({
      provider: 'openai',
      model,
      skip,
      confidence: 1.5,
      ttlSeconds: 0.5,
      ...DEFAULTS,
    });
  });

  it('names headers in lower case, each once', () => {
    expect(parseRouteOptions({ varyHeaders: ['X-Plan', 'x-plan', 'X-Region'] }).varyHeaders).toEqual([
      'x-plan',
      'x-region',
    ]);
  });

  it('freezes its own copies and nothing of the caller', () => {
    const options = { tags: ['a'], varyHeaders: ['x-a'], ignoreBodyFields: ['id'], scope: { cookies: ['sid'] } };
    const config = parseRouteOptions(options);
    const scope = config.scope as { cookies: string[] };
    for (const own of [config, config.tags, config.varyHeaders, config.ignoreBodyFields, scope, scope.cookies]) {
      expect(Object.isFrozen(own)).toBe(true);
    }
    for (const passed of [options, ...Object.values(options), options.scope.cookies]) {
      expect(Object.isFrozen(passed)).toBe(false);
    }
    options.scope.cookies.push('other');
    expect(scope.cookies).toEqual(['sid']);
  });

  it.each([
    ['describe', 'text'],
    ['describe', async () => undefined],
    ['provider', ''],
    ['model', 5],
    ['operation', {}],
    ['collection', async () => 'posts'],
    ['contentType', 'important'],
    ['confidence', 0.4],
    ['confidence', 1.6],
    ['confidence', Number.NaN],
    ['tags', 'a'],
    ['tags[1]', ['a', '']],
    ['route', ''],
    ['scope', 'private'],
    ['scope', async () => 'tenant'],
    ['scope.cookies', { cookies: [] }],
    ['scope.cookies', {}],
    ['scope.cookies[0]', { cookies: ['a b'] }],
    ['varyHeaders', 'x-a'],
    ['varyHeaders[0]', ['*']],
    ['varyHeaders[1]', ['x-a', 'x b']],
    ['ignoreBodyFields[0]', ['']],
    ['isComplete', async () => true],
    ['shouldStore', true],
    ['onClientDisconnect', 'stop'],
    ['replay', 'instant'],
    ['replay.pace', { pace: 'slow' }],
    ['staleWhileRevalidateSeconds', -1],
    ['staleIfErrorSeconds', '60'],
    ['methods', []],
    ['methods', 'GET'],
    ['requestDirectives', 'shared'],
    ['storeErrors', 'yes'],
    ['skip', true],
    ['skip', async () => true],
    ['refresh', 1],
    ['ttlSeconds', 0],
    ['ttlSeconds', -1],
    ['ttlSeconds', '60'],
  ])('refuses a bad value of %s and names it: %j', (option, value) => {
    const name = /^\w+/.exec(option)?.[0] ?? '';
    const error = errorOf(() => parseRouteOptions({ [name]: value }));
    expect(error).toMatchObject({ code: 'INVALID_OPTION', option });
    expect(error.message).toContain(`Option "${option}" is `);
  });

  it('says that a function must not be async', () => {
    const error = errorOf(() => parseRouteOptions({ skip: (async () => true) as never }));
    expect(error.message).toBe('Option "skip" is an async function. Allowed: a function that is not async.');
  });

  it('refuses unknown options, also inside scope', () => {
    expect(errorOf(() => parseRouteOptions({ ttlSecond: 5 } as never)).message).toContain('"ttlSeconds"');
    const inside = errorOf(() => parseRouteOptions({ scope: { cookie: ['sid'] } } as never));
    expect(inside).toMatchObject({ code: 'UNKNOWN_OPTION', option: 'scope.cookie' });
    expect(inside.message).toContain('"scope.cookies"');
  });
});

describe('the schemas', () => {
  it('take exactly the options that are documented', () => {
    type Names<T> = keyof Required<T>;
    expectTypeOf<keyof typeof cacheOptions.shape>().toEqualTypeOf<Names<AIResponseCacheOptions>>();
    expectTypeOf<keyof typeof routeOptions.shape>().toEqualTypeOf<Names<AIRouteOptions>>();
    expect(Object.keys(cacheOptions.shape)).not.toContain('cache');
  });
});
