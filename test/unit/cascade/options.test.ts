import { describe, expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import { CachedTranslationService } from '../../../src/cascade/translation-service.ts';
import { answers, scripted } from '../../support/scripted-provider.ts';

const cache = new AIResponseCache();
const provider = scripted('one', answers);
const valid = { cache, providers: [provider] };

describe('the options of a cascade', () => {
  it.each<[object, string, string]>([
    [{ cache: {}, providers: [provider] }, 'cache', 'an AIResponseCache'],
    [{ providers: [provider] }, 'cache', 'an AIResponseCache'],
    [{ cache, providers: [] }, 'providers', 'at least one'],
    [{ cache, providers: [provider, provider] }, 'providers', 'no provider has the same model twice'],
    [{ cache, providers: [{ ...provider, call: 'x' }] }, 'providers[0].call', 'where call is a function'],
    [{ cache, providers: [{ ...provider, model: '' }] }, 'providers[0].model', 'model'],
    [{ ...valid, timeoutMs: 0 }, 'timeoutMs', 'milliseconds from 1'],
    [{ ...valid, retries: -1 }, 'retries', 'from 0 to 20'],
    [{ ...valid, fallbackTtlSeconds: -1 }, 'fallbackTtlSeconds', 'from 0'],
    [{ ...valid, stopStatuses: [200] }, 'stopStatuses[0]', 'from 400 to 599'],
  ])('%j is refused by name', (options, option, help) => {
    expect(() => new ProviderCascade(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option, help: expect.stringContaining(help) }),
    );
  });

  it('that do not exist are refused with the nearest name', () => {
    expect(() => new ProviderCascade({ ...valid, timeoutMS: 5 } as never)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_OPTION', help: 'Did you mean "timeoutMs"?' }),
    );
  });
});

it('a provider may be an object of a class', async () => {
  class Own {
    readonly provider = 'own';
    readonly model = 'm';
    readonly #answer = { text: 'an answer' };
    call(): Promise<unknown> {
      return Promise.resolve(this.#answer);
    }
  }
  const { response } = await new ProviderCascade({ cache, providers: [new Own()] }).complete({ text: 'a' });
  expect(response.json()).toEqual({ text: 'an answer' });
});

describe('the options of a translation service', () => {
  it.each<[object, string]>([
    [{}, 'cascade'],
    [{ cascade: new ProviderCascade(valid), readTranslation: 'x' }, 'readTranslation'],
    [{ cascade: new ProviderCascade(valid), operation: '' }, 'operation'],
  ])('%# are refused by name', (options, option) => {
    expect(() => new CachedTranslationService(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    );
  });
});
