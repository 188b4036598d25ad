import { expect, it } from 'vitest';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';

it('an answer keeps the labels of the request that was asked, whatever the program makes of the object meanwhile', async () => {
  const cache = new AIResponseCache({ telemetry: false });
  const request = { text: 'a', model: 'gpt-4o', collection: 'asked' };
  await cache.getOrFill(request, () => {
    request.collection = 'changed';
    return 'answer';
  });
  expect(await cache.invalidate({ collection: 'changed' })).toEqual({ removed: 0 });
  expect(await cache.invalidate({ collection: 'asked' })).toEqual({ removed: 1 });
  await cache.close();
});
