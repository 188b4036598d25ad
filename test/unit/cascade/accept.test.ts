import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import type { Accept } from '../../../src/cascade/cascade-run.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import { gate } from '../../support/gate.ts';
import { answers, scripted, waits } from '../../support/scripted-provider.ts';

const request = { text: 'Good morning' };
const from =
  (provider: string): Accept =>
  ({ provider: whose }) =>
    whose === provider;

describe('equal requests that accept different answers', () => {
  it('get none that they do not accept, whoever asked first', async () => {
    const opened = gate();
    const [first, second] = [scripted('one', waits(opened.opened)), scripted('two', answers)];
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [first, second] });
    const asked = [undefined, from('one'), from('two'), from('two')].map((accept) =>
      cascade.complete(request, { accept }),
    );
    opened.open();
    expect(await Promise.all(asked)).toMatchObject([
      { provider: 'one', coalesced: false },
      { provider: 'one', coalesced: false },
      { provider: 'two', coalesced: false },
      { provider: 'two', coalesced: true },
    ]);
  });

  it('share one cascade where they accept the same', async () => {
    const opened = gate();
    const first = scripted('one', waits(opened.opened));
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [first] });
    const asked = Array.from({ length: 5 }, () => cascade.complete(request, { accept: (one) => one.status === 200 }));
    opened.open();
    const results = await Promise.all(asked);
    expect(results.map(({ coalesced }) => coalesced)).toEqual([false, true, true, true, true]);
    expect(first.call.asked).toHaveLength(1);
  });

  it('do not fail because another one accepts none', async () => {
    const opened = gate();
    const first = scripted('one', waits(opened.opened));
    const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [first] });
    const strict = cascade.complete(request, { accept: () => false });
    const easy = cascade.complete(request);
    opened.open();
    await expect(strict).rejects.toMatchObject({ code: 'CASCADE_FAILED' });
    expect(await easy).toMatchObject({ provider: 'one' });
  });
});

describe('the options of complete', () => {
  const cascade = new ProviderCascade({ cache: new AIResponseCache(), providers: [scripted('one', answers)] });

  it.each([
    [{ accept: async () => true }, 'Option "accept" is an async function. Allowed: a function that is not async.'],
    [{ signal: {} }, 'Option "signal" is an object. Allowed: an AbortSignal.'],
    [{ acept: () => true }, 'There is no option "acept". Did you mean "accept"?'],
    [null, 'The options are null. Allowed: an object of options.'],
  ])('%o are refused, in a batch too', async (options, message) => {
    await expect(cascade.complete(request, options as never)).rejects.toThrow(message);
    await expect(cascade.completeBatch([request], options as never)).rejects.toThrow(message);
  });

  it('a promise of accept accepts nothing', async () => {
    const accept = (() => Promise.resolve(true)) as never;
    await expect(cascade.complete(request, { accept })).rejects.toMatchObject({
      failures: [{ reason: 'unusable' }],
    });
  });
});
