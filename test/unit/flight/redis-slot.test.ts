import fc from 'fast-check';
import { Command } from 'ioredis';
import { expect, it } from 'vitest';
import { slotOf } from '../../../src/flight/redis-slot.ts';

it('the slot of a key is the one ioredis sends it to', () => {
  const key = fc.stringMatching(/^[\w:.-]{0,12}(\{\w{0,8}\}[\w:{}]{0,8})?$/).filter((name) => !name.includes('{}'));
  fc.assert(
    fc.property(key, (name) => {
      expect(slotOf(name)).toBe(new Command('get', [name]).getSlot());
    }),
  );
});

it('the lease and the stream of a key are in one slot', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9a-f]{64}$/), (digest) => {
      expect(slotOf(`ai_cache:s:1:{${digest}}:token`)).toBe(slotOf(`ai_cache:l:1:{${digest}}`));
    }),
  );
});
