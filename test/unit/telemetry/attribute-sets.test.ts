import { describe, expect, it } from 'vitest';
import { AttributeSets } from '../../../src/telemetry/attribute-sets.ts';

describe('attribute sets', () => {
  it('are the same frozen object for the same labels', () => {
    const sets = new AttributeSets({ 'cache.name': 'a' }, ['result', 'tier']);
    const set = sets.of('hit', 'memory');
    expect(set).toEqual({ 'cache.name': 'a', result: 'hit', tier: 'memory' });
    expect(Object.isFrozen(set)).toBe(true);
    expect(sets.of('hit', 'memory')).toBe(set);
    expect(sets.of('hit', 'redis')).not.toBe(set);
  });

  it('leave out a label without a value, and tell it from other values', () => {
    const sets = new AttributeSets({}, ['tier', 'hit', 'error']);
    expect(sets.of(undefined, false, undefined)).toStrictEqual({ hit: false });
    expect(sets.of('memory', undefined, undefined)).toEqual({ tier: 'memory' });
    expect(sets.of('memory', true, undefined)).toEqual({ tier: 'memory', hit: true });
  });

  it('hold the fixed labels alone where an instrument has no others', () => {
    const sets = new AttributeSets({ 'cache.name': 'a' }, []);
    expect(sets.of()).toEqual({ 'cache.name': 'a' });
    expect(sets.of()).toBe(sets.of());
  });

  it('are kept up to a limit, beyond which they are right all the same', () => {
    const sets = new AttributeSets({}, ['route'], 2);
    const first = sets.of('/a');
    sets.of('/b');
    const beyond = sets.of('/c');
    expect(sets.of('/a')).toBe(first);
    expect(beyond).toEqual({ route: '/c' });
    expect(sets.of('/c')).not.toBe(beyond);
  });
});
