import { describe, expect, it } from 'vitest';
import { inspect } from 'node:util';
import { noteOn } from '../../src/note.ts';

describe('a note', () => {
  it('is there on the object it was put on, and on no other', () => {
    const note = noteOn<object, string>();
    const owner = {};
    note.set(owner, 'a');
    expect([note.get(owner), note.get({}), note.get(Object.create(owner) as object)]).toEqual([
      'a',
      undefined,
      undefined,
    ]);
  });

  it('is replaced by the next one', () => {
    const note = noteOn<object, string>();
    const owner = {};
    note.set(owner, 'a');
    note.set(owner, 'b');
    expect(note.get(owner)).toBe('b');
  });

  it('is apart from notes of another kind', () => {
    const [one, other] = [noteOn<object, string>(), noteOn<object, string>()];
    const owner = {};
    one.set(owner, 'a');
    expect(other.get(owner)).toBeUndefined();
    other.set(owner, 'b');
    expect([one.get(owner), other.get(owner)]).toEqual(['a', 'b']);
  });

  it('is in nobody else’s sight', () => {
    const note = noteOn<object, string>();
    const owner = Object.create(null, { name: { value: 1, enumerable: true } }) as object;
    note.set(owner, 'secret');
    expect(Reflect.ownKeys(owner)).toEqual(['name']);
    expect(inspect(owner, { showHidden: true, getters: true })).not.toContain('secret');
    expect(note.get({ ...owner })).toBeUndefined();
  });
});
