import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import type { AIResponseCacheOptions } from '../../../src/config/options.ts';
import type { AICacheError } from '../../../src/errors.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { answers, fails, scripted, type Act, type ScriptedProvider } from '../../support/scripted-provider.ts';

const request = { text: 'Good morning' };

function cascadeOf(
  providers: readonly ScriptedProvider[],
  options: AIResponseCacheOptions = {},
  clock = manualClock(),
): { readonly cascade: ProviderCascade; readonly cache: AIResponseCache } {
  const cache = new AIResponseCache({ ttl: { jitter: 0, defaultSeconds: 60 }, ...options }, clock);
  return { cascade: new ProviderCascade({ cache, providers, retries: 0 }), cache };
}

describe('a cache that is switched off', () => {
  it('is neither asked nor written: the providers answer every time', async () => {
    let isOn = true;
    const first = scripted('one', answers);
    const { cascade, cache } = cascadeOf([first], { enabled: () => isOn });
    await cascade.complete(request);
    isOn = false;
    const [again, other] = [await cascade.complete(request), await cascade.complete({ text: 'b' })];
    expect(again).toMatchObject({ cached: false, coalesced: false, notStored: 'disabled', provider: 'one' });
    expect(other).toMatchObject({ cached: false, notStored: 'disabled' });
    expect(await cascade.completeBatch([request, request])).toMatchObject([
      { status: 'fulfilled', cached: false, coalesced: false },
      { status: 'fulfilled', cached: false, coalesced: true },
    ]);
    expect(first.call.asked).toHaveLength(4);
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, bypassed: 3, coalesced: 1 });
    isOn = true;
    expect(await cascade.complete(request)).toMatchObject({ cached: true });
    expect(await cascade.complete({ text: 'b' })).toMatchObject({ cached: false });
  });

  it('shares no answer between callers', async () => {
    const first = scripted('one', answers);
    const { cascade } = cascadeOf([first], { enabled: false });
    const both = await Promise.all([cascade.complete(request), cascade.complete(request)]);
    expect(both).toMatchObject([{ coalesced: false }, { coalesced: false }]);
    expect(first.call.asked).toHaveLength(2);
  });

  it('is off where its switch fails, which is reported', async () => {
    const errors: AICacheError[] = [];
    const enabled = (): boolean => {
      throw new Error('no flags');
    };
    const prices = { 'one-model': { inputUsdPerMillion: 0, outputUsdPerMillion: 0 } };
    const { cascade } = cascadeOf([scripted('one', answers)], {
      enabled,
      prices,
      onError: (error) => void errors.push(error),
    });
    expect(await cascade.complete(request)).toMatchObject({ notStored: 'disabled' });
    expect(errors).toMatchObject([{ code: 'USER_FUNCTION_FAILED', option: 'enabled' }]);
  });
});

describe('a cache in shadow mode', () => {
  it('counts the hits there would have been, and the providers answer every time', async () => {
    const first = scripted('one', answers);
    const { cascade, cache } = cascadeOf([first], { mode: 'shadow' });
    const made = await cascade.complete(request);
    expect(made).toMatchObject({ cached: false });
    expect(made).not.toHaveProperty('notStored');
    const again = { cached: false, notStored: 'shadow', provider: 'one' };
    expect(await cascade.complete(request)).toMatchObject(again);
    expect(await cascade.completeBatch([request])).toMatchObject([again]);
    expect(first.call.asked).toHaveLength(3);
    expect(cache.stats()).toMatchObject({ hits: 2, misses: 1, saved: { inputTokens: 6 } });
    expect(cascade.stats()).toMatchObject({ requests: 3, hits: 0, misses: 3 });
  });
});

describe('a stale answer', () => {
  const stale = { staleIfErrorSeconds: 600 };

  it('stands in where no provider answers, and says so', async () => {
    const clock = manualClock();
    const [first, second] = [scripted('one', answers, fails(503)), scripted('two', fails(401))];
    const { cascade, cache } = cascadeOf([first, second], stale, clock);
    await cascade.complete(request);
    clock.advance(61_000);
    const stood = await cascade.complete(request);
    expect(stood).toMatchObject({
      cached: true,
      fallback: false,
      provider: 'one',
      response: { state: 'stale' },
      failures: [
        { provider: 'one', reason: 'status', status: 503 },
        { provider: 'two', reason: 'status', status: 401 },
      ],
    });
    expect(await cascade.completeBatch([request])).toMatchObject([{ cached: true, response: { state: 'stale' } }]);
    expect(cascade.stats()).toMatchObject({ requests: 3, stale: 2, failed: 0, misses: 1 });
    expect(cache.stats()).toMatchObject({ stale: 2, misses: 1, errors: 0 });
    clock.advance(600_000);
    await expect(cascade.complete(request)).rejects.toMatchObject({ code: 'CASCADE_FAILED' });
  });

  it('gives way to any provider that answers', async () => {
    const clock = manualClock();
    const [first, second] = [scripted('one', answers, fails(503)), scripted('two', answers)];
    const { cascade } = cascadeOf([first, second], stale, clock);
    await cascade.complete(request);
    clock.advance(61_000);
    expect(await cascade.complete(request)).toMatchObject({ cached: false, provider: 'two' });
  });

  it.each([
    ['the request is called wrong', fails(400), 'CASCADE_REFUSED'],
    ['all providers say no', fails(403), 'CASCADE_FAILED'],
  ])('does not stand in where %s', async (_, act: Act, code) => {
    const clock = manualClock();
    const { cascade } = cascadeOf([scripted('one', answers, act)], stale, clock);
    await cascade.complete(request);
    clock.advance(61_000);
    await expect(cascade.complete(request)).rejects.toMatchObject({ code });
  });

  it('does not stand in without a window for errors, nor where it is not accepted', async () => {
    const clock = manualClock();
    const fresh = cascadeOf([scripted('one', answers, fails(503))], { staleWhileRevalidateSeconds: 600 }, clock);
    const refused = cascadeOf([scripted('one', answers, fails(503))], stale, clock);
    await Promise.all([fresh, refused].map(({ cascade }) => cascade.complete(request)));
    clock.advance(61_000);
    await expect(fresh.cascade.complete(request)).rejects.toMatchObject({ code: 'CASCADE_FAILED' });
    await expect(refused.cascade.complete(request, { accept: () => false })).rejects.toMatchObject({
      code: 'CASCADE_FAILED',
    });
  });
});
