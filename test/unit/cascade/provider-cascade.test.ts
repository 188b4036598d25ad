import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import type { ProviderCascadeOptions } from '../../../src/cascade/options.ts';
import type { CascadeError } from '../../../src/errors.ts';
import { gate } from '../../support/gate.ts';
import { manualClock } from '../../support/manual-clock.ts';
import {
  answers,
  chat,
  fails,
  hangs,
  scripted,
  unreachable,
  waits,
  type Act,
} from '../../support/scripted-provider.ts';

const request = { text: 'Good morning', operation: 'greet', options: { tone: 'kind' } };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function cascadeOf(
  providers: ProviderCascadeOptions['providers'],
  options: Partial<ProviderCascadeOptions> = {},
): ProviderCascade {
  return new ProviderCascade({ cache: new AIResponseCache({ ttl: { jitter: 0 } }), providers, ...options });
}

/** What it comes to when all timers have run. */
async function inTime<T>(work: Promise<T>): Promise<T> {
  const settled = work.finally(() => undefined);
  settled.catch(() => undefined);
  await vi.runAllTimersAsync();
  return settled;
}

const errorOf = async (work: Promise<unknown>): Promise<CascadeError> =>
  inTime(work).then(
    () => {
      throw new Error('It was answered.');
    },
    (error: unknown) => error as CascadeError,
  );

describe('a cascade that answers', () => {
  it('asks the first provider for its model, stores its answer under both, and serves it from then on', async () => {
    const [first, second] = [scripted('one', answers), scripted('two', answers)];
    const cascade = cascadeOf([first, second]);
    const made = await cascade.complete(request);
    expect(made).toMatchObject({ provider: 'one', model: 'one-model', cached: false, fallback: false, failures: [] });
    expect(made.response.json()).toEqual(chat('one: Good morning', 'one-model'));
    expect(first.call.asked).toEqual([{ ...request, provider: 'one', model: 'one-model' }]);

    const again = await cascade.complete(request);
    expect(again).toMatchObject({ provider: 'one', cached: true, fallback: false, coalesced: false });
    expect(again.response).toMatchObject({ tier: 'memory', model: 'one-model' });
    expect(again.response.body.equals(made.response.body)).toBe(true);
    expect([first.call.asked.length, second.call.asked.length]).toEqual([1, 0]);
    expect(cascade.stats()).toMatchObject({ requests: 2, hits: 1, misses: 1, fallbacks: 0 });
    expect(cascade.cache.stats()).toMatchObject({ hits: 1, misses: 1, hitRatio: 0.5 });
  });

  it.each<[string, Act]>([
    ['401', fails(401)],
    ['403', fails(403)],
    ['404', fails(404)],
  ])('asks the next one at once after %s', async (_title, act) => {
    const [first, second] = [scripted('one', act), scripted('two', answers)];
    const result = await cascadeOf([first, second]).complete(request);
    expect(result).toMatchObject({ provider: 'two', fallback: true });
    expect([first.call.asked.length, second.call.asked.length]).toEqual([1, 1]);
  });

  it.each<[string, Act]>([
    ['408', fails(408)],
    ['429', fails(429)],
    ['500', fails(500)],
    ['529', fails(529)],
    ['a refused connection', unreachable],
    ['an error with the status 200', () => ({ error: { message: 'overloaded', type: 'overloaded_error' } })],
    ['a status in a response', () => ({ status: 503, body: 'later' })],
    ['an answer without its end', () => chat('Good mor', 'a-model', '')],
  ])('tries again, then asks the next one, after %s', async (_title, act) => {
    const [first, second] = [scripted('one', act), scripted('two', answers)];
    const cascade = cascadeOf([first, second], { retries: 2 });
    expect(await inTime(cascade.complete(request))).toMatchObject({
      provider: 'two',
      failures: [{ provider: 'one', model: 'one-model', attempts: 3 }],
    });
    expect([first.call.asked.length, second.call.asked.length]).toEqual([3, 1]);
    expect(cascade.stats().providers).toMatchObject([
      { calls: 3, answers: 0, failures: 1 },
      { calls: 1, answers: 1, failures: 0 },
    ]);
  });

  it('makes one key for a hit of the first provider, however many there are', async () => {
    const cascade = cascadeOf([scripted('one', answers), scripted('two', answers), scripted('three', answers)]);
    const keys = (): number => cascade.cache.monitor.snapshot().keyGeneration.count;
    await cascade.complete(request);
    const before = keys();
    await cascade.complete(request);
    expect(keys() - before).toBe(1);
  });

  it('takes the answer of a retry', async () => {
    const first = scripted('one', fails(500), unreachable, answers);
    const result = await inTime(cascadeOf([first, scripted('two', answers)]).complete(request));
    expect(result).toMatchObject({ provider: 'one', fallback: false });
    expect(first.call.asked).toHaveLength(3);
  });

  it.each<[string, Act]>([
    ['a stream', async function* stream() {}],
    ['an error that was not thrown', () => new Error('overloaded')],
    ['nothing', () => undefined],
    ['a fetch response', () => new Response('{}')],
  ])('does not store %s for an answer', async (_title, act) => {
    const [first, second] = [scripted('one', act), scripted('two', answers)];
    const cascade = cascadeOf([first, second]);
    expect(await cascade.complete(request)).toMatchObject({
      provider: 'two',
      failures: [{ reason: 'bad-answer', attempts: 1 }],
    });
    expect(await cascade.cache.get({ ...request, provider: 'one', model: 'one-model' })).toBeUndefined();
  });

  it('gives an answer that was cut at its limit to the caller, and does not store it', async () => {
    const first = scripted('one', () => chat('Good mor', 'one-model', 'length'));
    const cascade = cascadeOf([first, scripted('two', answers)]);
    expect(await cascade.complete(request)).toMatchObject({ provider: 'one', notStored: 'finish-length' });
    expect(await cascade.complete(request)).toMatchObject({ provider: 'one', cached: false });
    expect(first.call.asked).toHaveLength(2);
  });

  it('asks the next one where an answer is not accepted, and stores that one alone', async () => {
    const [first, second] = [scripted('one', answers), scripted('two', answers)];
    const cascade = cascadeOf([first, second]);
    const accept = (response: { text(): string }): boolean => response.text().includes('two:');
    expect(await cascade.complete(request, { accept })).toMatchObject({
      provider: 'two',
      failures: [{ provider: 'one', reason: 'unusable' }],
    });
    expect(await cascade.complete(request)).toMatchObject({ provider: 'two', cached: true, fallback: true });
  });

  it('does not let a stored answer that is not accepted stand in the way', async () => {
    const first = scripted('one', () => chat('bad'), answers);
    const cascade = cascadeOf([first]);
    await cascade.complete(request);
    const accept = (response: { text(): string }): boolean => !response.text().includes('bad');
    expect(await cascade.complete(request, { accept })).toMatchObject({ cached: false });
    expect((await cascade.complete(request, { accept })).response.text()).toContain('one: Good morning');
    expect(first.call.asked).toHaveLength(2);
  });

  it('asks for the model that a function says', async () => {
    const first = { ...scripted('one', answers), model: (asked: { model?: string }) => `big-${asked.model}` };
    const result = await cascadeOf([first]).complete({ ...request, model: 'x' });
    expect(result).toMatchObject({ provider: 'one', model: 'big-x' });
  });
});

describe('Retry-After', () => {
  it.each<[string, (now: number) => unknown]>([
    ['seconds in a record', () => ({ 'Retry-After': '7' })],
    ['seconds in Headers', () => new Headers({ 'retry-after': '7' })],
    ['a date', (now) => new Headers({ 'retry-after': new Date(now + 7_000).toUTCString() })],
    ['milliseconds as OpenAI sends them', () => ({ 'retry-after-ms': '7000', 'retry-after': '1' })],
  ])('is honoured as %s', async (_title, headersAt) => {
    vi.setSystemTime(new Date('2026-01-01T00:00:00Z'));
    const times: number[] = [];
    const note: Act = () => void times.push(performance.now());
    const first = scripted(
      'one',
      (asked, signal) => {
        note(asked, signal);
        return fails(429, headersAt(Date.now()))(asked, signal);
      },
      (asked, signal) => {
        note(asked, signal);
        return answers(asked, signal);
      },
    );
    await inTime(cascadeOf([first]).complete(request));
    const [asked = 0, again = 0] = times;
    expect(again - asked).toBe(7_000);
  });

  it('that is longer than the provider has left sends the request to the next one at once', async () => {
    const first = scripted('one', fails(429, { 'retry-after': '60' }));
    const cascade = cascadeOf([first, scripted('two', answers)], { timeoutMs: 10_000 });
    const startedAt = performance.now();
    expect(await cascade.complete(request)).toMatchObject({ provider: 'two' });
    expect(performance.now()).toBe(startedAt);
    expect(first.call.asked).toHaveLength(1);
  });
});

describe('a retry', () => {
  it('that would wait longer than the provider has left is not waited for', async () => {
    // The library draws lots around a mean: always in the middle here.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    onTestFinished(() => void vi.restoreAllMocks());
    const first = scripted('one', fails(500));
    const cascade = cascadeOf([first, scripted('two', answers)], { retryDelayMs: 1_000, timeoutMs: 100, retries: 20 });
    const startedAt = performance.now();
    expect(await cascade.complete(request)).toMatchObject({
      provider: 'two',
      failures: [{ reason: 'status', status: 500, attempts: 1 }],
    });
    expect(performance.now()).toBe(startedAt);
  });

  it('waits longer each time', async () => {
    // The library draws lots around a growing mean: always in the middle here.
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    onTestFinished(() => void vi.restoreAllMocks());
    const times: number[] = [];
    const first = scripted('one', (asked, signal) => {
      times.push(performance.now());
      return fails(500)(asked, signal);
    });
    await errorOf(cascadeOf([first], { retries: 6, retryDelayMs: 100 }).complete(request));
    const delays = times.slice(1).map((time, place) => time - (times[place] ?? 0));
    expect(delays).toHaveLength(6);
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(delays.at(-1)).toBeGreaterThan(2 * (delays[0] ?? 0));
  });

  it('is not made when everybody has left meanwhile', async () => {
    const leaving = new AbortController();
    const first = scripted('one', fails(500));
    const left = cascadeOf([first]).complete(request, { signal: leaving.signal });
    await vi.advanceTimersByTimeAsync(0);
    leaving.abort(new Error('left'));
    await expect(inTime(left)).rejects.toThrow('left');
    expect(first.call.asked).toHaveLength(1);
  });
});

describe('deadlines', () => {
  it('a provider that hangs is left when its time is over, and told by its signal', async () => {
    const first = { ...scripted('one', hangs), timeoutMs: 2_000 };
    const cascade = cascadeOf([first, scripted('two', answers)]);
    const startedAt = performance.now();
    expect(await inTime(cascade.complete(request))).toMatchObject({
      provider: 'two',
      failures: [{ provider: 'one', reason: 'timeout', attempts: 1 }],
    });
    expect(performance.now() - startedAt).toBe(2_000);
    expect(first.call.signals[0]?.aborted).toBe(true);
  });

  it('429, then a hang, then a broken stream: the next one answers within them', async () => {
    const broken: Act = () => {
      throw Object.assign(new Error('terminated'), { cause: new Error('other side closed') });
    };
    const first = scripted('one', fails(429, { 'retry-after': '1' }), hangs, broken);
    const second = scripted('two', answers);
    const cascade = cascadeOf([first, second], { attemptTimeoutMs: 3_000, timeoutMs: 10_000 });
    const startedAt = performance.now();
    const result = await inTime(cascade.complete(request));
    expect(result).toMatchObject({ provider: 'two', model: 'two-model', fallback: true });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    expect([first.call.asked.length, second.call.asked.length]).toEqual([3, 1]);

    const stored = await cascade.cache.get({ ...request, provider: 'two', model: 'two-model' });
    expect(stored?.json()).toEqual(chat('two: Good morning', 'two-model'));
    expect(await cascade.cache.get({ ...request, provider: 'one', model: 'one-model' })).toBeUndefined();
    expect(await cascade.complete(request)).toMatchObject({ provider: 'two', cached: true, fallback: true });
    expect([first.call.asked.length, second.call.asked.length]).toEqual([3, 1]);
  });

  it('the deadline of the cascade ends all of it', async () => {
    const providers = [scripted('one', hangs), scripted('two', hangs), scripted('three', answers)];
    const cascade = cascadeOf(providers, { timeoutMs: 2_000, deadlineMs: 3_000, circuitFailures: 1 });
    const startedAt = performance.now();
    const error = await errorOf(cascade.complete(request));
    expect(performance.now() - startedAt).toBe(3_000);
    expect(error.failures).toMatchObject([
      { provider: 'one', reason: 'timeout', attempts: 1 },
      { provider: 'two', reason: 'deadline', attempts: 1 },
      { provider: 'three', reason: 'deadline', attempts: 0 },
    ]);
    expect(error.status).toBe(504);
    // The second had not all of its time.
    expect(cascade.stats().providers.map(({ circuit }) => circuit)).toEqual(['open', 'closed', 'closed']);
  });
});

describe('failing', () => {
  it('is one error that names each provider and its reason, and nothing of the request', async () => {
    const secret = 'my secret text';
    const leaky: Act = ({ text }) => {
      throw Object.assign(new Error(`Bad key sk-123 for ${text}`), { status: 401 });
    };
    const cascade = cascadeOf([scripted('one', leaky), scripted('two', fails(503)), scripted('three', unreachable)], {
      retries: 1,
    });
    const error = await errorOf(cascade.complete({ text: secret }));
    expect(error).toMatchObject({ name: 'AICacheError', code: 'CASCADE_FAILED', status: 502 });
    expect(error.message).toContain(
      'No provider answered: one one-model: HTTP 401; two two-model: HTTP 503 (2 attempts); three three-model: no response (2 attempts).',
    );
    expect(error.message + JSON.stringify(error.failures)).not.toMatch(/secret|sk-123/);
    const { errors } = error.cause as AggregateError;
    expect(errors.map((one: Error) => one.message)).toEqual([
      `Bad key sk-123 for ${secret}`,
      'status 503',
      'fetch failed',
    ]);
    expect(cascade.stats()).toMatchObject({ requests: 1, failed: 1 });
    expect(cascade.cache.stats()).toMatchObject({ errors: 1, hits: 0, misses: 0 });
    expect((await cascade.cache.info()).tiers.memory).toMatchObject({ entries: 0 });
  });

  it.each([400, 413, 415, 422])('%i is the caller’s: nobody else is asked', async (status) => {
    const [first, second] = [scripted('one', fails(status)), scripted('two', answers)];
    const cascade = cascadeOf([first, second], { circuitFailures: 1 });
    const error = await errorOf(cascade.complete(request));
    expect(error).toMatchObject({ code: 'CASCADE_REFUSED', status, failures: [{ provider: 'one', status }] });
    expect([first.call.asked.length, second.call.asked.length]).toEqual([1, 0]);
    expect(cascade.stats().providers[0]).toMatchObject({ circuit: 'closed' });
  });

  it('a request that is none is told so, and nobody is asked', async () => {
    const first = scripted('one', answers);
    const error = await errorOf(cascadeOf([first]).complete({ text: 1 } as never));
    expect(error).toMatchObject({ code: 'INVALID_REQUEST', option: 'text' });
    const follows = { ...first, model: ({ model }: { model?: string }) => String(model) };
    const none = await errorOf(cascadeOf([follows]).complete(undefined as never));
    expect(none).toMatchObject({ code: 'INVALID_REQUEST', option: 'request' });
    expect(first.call.asked).toHaveLength(0);
  });
});

describe('a circuit', () => {
  it('opens after failures in a row, leaves the provider out, lets one request try it, and closes when that goes well', async () => {
    const opened = gate();
    const first = scripted('one', fails(500), fails(500), waits(opened.opened));
    const second = scripted('two', answers);
    const cascade = cascadeOf([first, second], { retries: 0, circuitFailures: 2, circuitOpenMs: 5_000 });
    const circuit = (): unknown => cascade.stats().providers[0]?.circuit;
    await cascade.complete({ text: '1' });
    expect(circuit()).toBe('closed');
    await cascade.complete({ text: '2' });
    expect(circuit()).toBe('open');
    expect(await cascade.complete({ text: '3' })).toMatchObject({
      provider: 'two',
      failures: [{ provider: 'one', reason: 'circuit-open', attempts: 0 }],
    });
    expect(first.call.asked).toHaveLength(2);

    vi.advanceTimersByTime(5_000);
    const trial = cascade.complete({ text: '4' });
    await vi.advanceTimersByTimeAsync(0);
    expect(circuit()).toBe('half-open');
    expect(await cascade.complete({ text: '5' })).toMatchObject({ provider: 'two' });
    opened.open();
    expect(await trial).toMatchObject({ provider: 'one' });
    expect(circuit()).toBe('closed');
  });

  it('stays open when the one that tries leaves', async () => {
    const first = scripted('one', fails(500), hangs);
    const cascade = cascadeOf([first], { retries: 0, circuitFailures: 1, circuitOpenMs: 5_000 });
    await errorOf(cascade.complete({ text: '1' }));
    vi.advanceTimersByTime(5_000);
    const leaving = new AbortController();
    const trial = cascade.complete({ text: '2' }, { signal: leaving.signal });
    await vi.advanceTimersByTimeAsync(0);
    leaving.abort(new Error('left'));
    await expect(trial).rejects.toThrow('left');
    await vi.advanceTimersByTimeAsync(0);
    expect(cascade.stats().providers[0]).toMatchObject({ circuit: 'open' });
  });
});

describe('equal requests at once', () => {
  it('make one cascade, and each gets bytes of its own', async () => {
    const opened = gate();
    const first = scripted('one', waits(opened.opened));
    const cascade = cascadeOf([first]);
    const all = Array.from({ length: 20 }, () => cascade.complete(request));
    await vi.advanceTimersByTimeAsync(0);
    opened.open();
    const results = await Promise.all(all);
    expect(first.call.asked).toHaveLength(1);
    expect(results.filter(({ coalesced }) => coalesced)).toHaveLength(19);
    expect(new Set(results.map(({ response }) => response.body)).size).toBe(20);
    expect(new Set(results.map(({ response }) => response.text())).size).toBe(1);
    expect(cascade.stats()).toMatchObject({ requests: 20, misses: 1, coalesced: 19 });
    expect(cascade.cache.stats()).toMatchObject({ misses: 1, coalesced: 19 });
  });

  it('fail together with one cascade', async () => {
    const first = scripted('one', fails(401));
    const cascade = cascadeOf([first]);
    const settled = await Promise.allSettled([cascade.complete(request), cascade.complete(request)]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(first.call.asked).toHaveLength(1);
    expect(cascade.stats()).toMatchObject({ failed: 2 });
  });

  it('go on for the others when one leaves, and are aborted when the last has left', async () => {
    const opened = gate();
    const first = scripted('one', waits(opened.opened));
    const cascade = cascadeOf([first]);
    const leaving = [new AbortController(), new AbortController()];
    const all = leaving.map(({ signal }) => cascade.complete(request, { signal }));
    await vi.advanceTimersByTimeAsync(0);
    leaving[0]?.abort(new Error('left'));
    await expect(all[0]).rejects.toThrow('left');
    expect(first.call.signals[0]?.aborted).toBe(false);
    opened.open();
    expect(await all[1]).toMatchObject({ provider: 'one' });

    const alone = new AbortController();
    const hanging = scripted('one', hangs);
    const other = cascadeOf([hanging, scripted('two', answers)]);
    const left = other.complete(request, { signal: alone.signal });
    await vi.advanceTimersByTimeAsync(0);
    alone.abort(new Error('left too'));
    await expect(left).rejects.toThrow('left too');
    expect(hanging.call.signals[0]?.aborted).toBe(true);
    // Who comes now is not led by the one that was given up.
    const next = other.complete(request);
    await vi.advanceTimersByTimeAsync(0);
    expect(hanging.call.asked).toHaveLength(2);
    expect(await inTime(next)).toMatchObject({ provider: 'two' });
  });

  it('do not wait for a request that differs', async () => {
    const first = scripted('one', answers);
    const cascade = cascadeOf([first]);
    await Promise.all([
      cascade.complete(request),
      cascade.complete({ ...request, options: { tone: 'cold' } }),
      cascade.complete({ ...request, tenant: 'a' }),
      cascade.complete({ ...request, collection: 'c' }),
    ]);
    expect(first.call.asked).toHaveLength(4);
  });
});

describe('the answer of a fallback', () => {
  const lifetimeOf = ({ response }: { response: { staleAt: Date; cachedAt: Date } }): number =>
    (response.staleAt.getTime() - response.cachedAt.getTime()) / 1_000;

  it('lives shorter, can be invalidated by its tag, and makes way for the first provider', async () => {
    const clock = manualClock();
    const cache = new AIResponseCache({ ttl: { jitter: 0 } }, clock);
    const first = scripted('one', fails(401), answers);
    const cascade = new ProviderCascade({
      cache,
      providers: [first, scripted('two', answers)],
      fallbackTtlSeconds: 60,
    });
    const made = await cascade.complete(request);
    expect([made.fallback, lifetimeOf(made)]).toEqual([true, 60]);
    expect(await cascade.complete(request)).toMatchObject({ provider: 'two', cached: true, fallback: true });
    clock.advance(60_001);
    const again = await cascade.complete(request);
    expect([again.provider, again.cached, lifetimeOf(again)]).toEqual(['one', false, 86_400]);

    first.call.asked.length = 0;
    await cascade.complete({ text: 'another' });
    expect(await cache.invalidate({ tag: 'fallback' })).toEqual({ removed: 1 });
  });

  it('lives no longer than the policy says, and not at all with 0', async () => {
    const cache = new AIResponseCache({ ttl: { jitter: 0, operations: { greet: 10 } } });
    const providers = [scripted('one', fails(401)), scripted('two', answers)];
    expect(lifetimeOf(await new ProviderCascade({ cache, providers }).complete(request))).toBe(10);
    const cascade = cascadeOf([scripted('one', fails(401)), scripted('two', answers)], { fallbackTtlSeconds: 0 });
    expect(await cascade.complete(request)).toMatchObject({ provider: 'two', notStored: 'no-lifetime' });
  });
});

it('does not bring back what was invalidated while a provider was asked', async () => {
  const opened = gate();
  const first = scripted('one', waits(opened.opened));
  const cascade = cascadeOf([first]);
  const made = cascade.complete({ ...request, collection: 'articles' });
  await vi.advanceTimersByTimeAsync(0);
  await cascade.cache.invalidate({ collection: 'articles' });
  opened.open();
  await made;
  expect(await cascade.complete({ ...request, collection: 'articles' })).toMatchObject({ cached: false });
  expect(first.call.asked).toHaveLength(2);
});
