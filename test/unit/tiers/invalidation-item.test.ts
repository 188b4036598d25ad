import { describe, expect, it } from 'vitest';
import { itemIn, itemText } from '../../../src/tiers/invalidation-item.ts';
import { InvalidationLog } from '../../../src/tiers/invalidation-log.ts';
import { enterRows, headIn, rowsIn } from '../../../src/tiers/invalidation-rows.ts';

describe('an item as text', () => {
  it('is read as it was written, whatever its names hold', () => {
    const selector = { tag: ['*', 'a b'], collection: ['"\n', 'a:b', '{x}', '\uD800', '😀'] };
    const item = { action: 'invalidate', selector } as const;
    expect(itemIn(itemText(item), 3)).toEqual({ ...item, sequence: 3 });
    const expiry = { action: 'expire', selector, at: 1_767_225_600_000 } as const;
    expect(itemIn(itemText(expiry), 4)).toEqual({ ...expiry, sequence: 4 });
  });

  it('is the same for the same invalidation, however it was written', () => {
    const one = itemText({ action: 'invalidate', selector: { model: ['b', 'a', 'b'], tag: ['t'] } });
    expect(itemText({ action: 'invalidate', selector: { tag: ['t'], model: ['a', 'b'] } })).toBe(one);
    expect(itemText({ action: 'invalidate', selector: { tag: ['t'], model: ['a'] } })).not.toBe(one);
  });

  it.each([
    '',
    'null',
    '[]',
    '{}',
    '{"action":"forget"}',
    '{"action":"expire","collection":["a"]}',
    '{"action":"invalidate","at":1}',
    '{"action":"invalidate","colour":["red"]}',
    '{"action":"invalidate","collection":"a"}',
    '{"action":"invalidate","collection":[]}',
    '{"action":"invalidate","collection":[1]}',
  ])('is none where it says anything else: %s', (text) => {
    expect(itemIn(text, 1)).toBeUndefined();
  });
});

describe('rows of the log', () => {
  it('that this release cannot read stand for anything that was made before them', () => {
    const log = new InvalidationLog('e');
    enterRows(log, [
      { text: '!', sequence: 2 },
      { text: '{"action":"invalidate","collection":["a"]}', sequence: 4 },
      { text: '{"action":"forget","colour":["red"]}', sequence: 6 },
      { text: '~e', sequence: 9 },
    ]);
    expect([log.floor, log.sequence]).toEqual([6, 9]);
  });

  it.each([
    ['flat, as RESP2 has them', ['~e', '3']],
    ['in pairs with numbers, as RESP3 has them', [['~e', 3]]],
  ])('are read %s', (_how, reply) => {
    expect(rowsIn(reply)).toEqual([{ text: '~e', sequence: 3 }]);
    expect(headIn(reply)).toEqual({ epoch: 'e', sequence: 3 });
  });

  it('are none where there is no log, and no reply of another command', () => {
    expect([rowsIn([]), headIn([])]).toEqual([[], undefined]);
    for (const reply of [null, 'OK', 1, Buffer.from('~e'), ['~e'], ['~e', 'x'], [1, 2]]) {
      expect([rowsIn(reply), headIn(reply)]).toEqual(['mismatch', 'mismatch']);
    }
    expect(headIn(['{"action":"invalidate"}', '3'])).toBe('mismatch');
  });
});
