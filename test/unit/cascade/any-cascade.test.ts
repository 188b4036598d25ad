import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { ProviderCascade } from '../../../src/cascade/provider-cascade.ts';
import { answers, chat, fails, scripted, unreachable, type Act } from '../../support/scripted-provider.ts';

/** How a provider may behave on one call, and whether the cascade goes on with the next one. */
const behaviours: Readonly<Record<string, Act>> = {
  answers,
  unauthorized: fails(401),
  limited: fails(429),
  broken: unreachable,
  'in-band error': () => ({ error: { message: 'no', type: 'server_error' } }),
  'cut off': () => chat('Good', 'a-model', ''),
  nothing: () => undefined,
};

const whose = (place: number) => ({ provider: `p${place}`, model: `p${place}-model` });

const behaviour = fc.constantFrom(...Object.keys(behaviours));
const asks = fc.array(fc.record({ text: fc.constantFrom('a', 'b', 'c'), now: fc.array(behaviour, { minLength: 4 }) }), {
  minLength: 1,
  maxLength: 6,
});

it('no answer is ever stored under another provider or model, and the first that answers, stored or now, is the one given', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), asks, async (count, steps) => {
      const cache = new AIResponseCache();
      let now: readonly string[] = [];
      const providers = Array.from({ length: count }, (_, place) =>
        scripted(`p${place}`, (request, signal) => behaviours[now[place] ?? 'answers']?.(request, signal)),
      );
      const cascade = new ProviderCascade({ cache, providers, retries: 0, circuitFailures: 1_000 });
      const stored = new Map<string, number>();
      for (const { text, now: behaving } of steps) {
        now = behaving;
        const before = stored.get(text);
        const made = providers.findIndex((_, place) => now[place] === 'answers');
        const expected = before ?? (made === -1 ? undefined : made);
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const [item] = await cascade.completeBatch([{ text }]);
        expect(item).toMatchObject(
          expected === undefined
            ? { status: 'rejected', error: { code: 'CASCADE_FAILED' } }
            : { ...whose(expected), cached: before !== undefined, fallback: expected > 0 },
        );
        if (expected !== undefined) stored.set(text, expected);
      }
      for (const text of ['a', 'b', 'c']) {
        for (const [place, { provider, model }] of providers.entries()) {
          // oxlint-disable-next-line no-await-in-loop -- one after the other
          const entry = await cache.get({ text, provider, model });
          const found = entry && { provider: entry.provider, model: entry.model, body: entry.json() };
          const body = chat(`${provider}: ${text}`, model);
          expect(found).toEqual(stored.get(text) === place ? { ...whose(place), body } : undefined);
        }
      }
    }),
    { numRuns: 200 },
  );
});
