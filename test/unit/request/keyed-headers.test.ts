import { describe, expect, it } from 'vitest';
import { KEYED_HEADERS, keyedHeaders } from '../../../src/request/keyed-headers.ts';

describe('the keyed headers', () => {
  it('are those of content negotiation and of the providers, and no others', () => {
    const headers = Object.fromEntries(KEYED_HEADERS.map((name) => [name, `v-${name}`]));
    expect(keyedHeaders({ ...headers, 'user-agent': 'x', cookie: 'y' }, [])).toEqual(Object.entries(headers));
    expect(KEYED_HEADERS).toEqual([
      'content-type',
      'accept',
      'accept-language',
      'anthropic-version',
      'anthropic-beta',
      'openai-beta',
      'openai-organization',
      'openai-project',
    ]);
  });

  it('are joined by those the route declares', () => {
    expect(keyedHeaders({ accept: 'a', 'x-region': 'eu' }, ['x-region', 'x-plan'])).toEqual([
      ['accept', 'a'],
      ['x-region', 'eu'],
    ]);
  });

  it('are present where they are empty and absent where they are absent', () => {
    expect(keyedHeaders({ accept: '' }, [])).toEqual([['accept', '']]);
    expect(keyedHeaders({}, [])).toEqual([]);
  });

  it('never come from a prototype', () => {
    const keyed = keyedHeaders({ accept: 'a' }, ['constructor', '__proto__', 'tostring']);
    expect(keyed).toEqual([['accept', 'a']]);
  });

  it('tell a list from one value', () => {
    const list = keyedHeaders({ 'set-cookie': ['a', 'b'] }, ['set-cookie']);
    expect(list).not.toEqual(keyedHeaders({ 'set-cookie': ['a, b'] }, ['set-cookie']));
  });
});
