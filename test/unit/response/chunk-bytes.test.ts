import { describe, expect, it } from 'vitest';
import { bytesOf, ownBytesOf } from '../../../src/response/chunk-bytes.ts';

describe.each([
  ['of a chunk', bytesOf],
  ['of a whole body', ownBytesOf],
] as const)('the bytes %s', (_of, bytesOfArguments) => {
  it.each([
    ['a text', ['käse'], 'käse'],
    ['a text in another encoding', ['a8', 'hex'], '\u00a8'],
    ['a text that breaks off', ['616g', 'hex'], 'a'],
    ['base64 that is padded too much', ['YQ=====', 'base64'], 'a'],
    ['a callback in place of the encoding', ['abc', () => undefined], 'abc'],
  ])('are those that Node writes of %s', (_what, args, text) => {
    const encoding = args[1] === 'hex' ? 'latin1' : 'utf8';
    expect(bytesOfArguments(args)?.toString(encoding)).toBe(text);
  });

  it('are a copy of what was given as bytes', () => {
    const given = Buffer.from('abc');
    const bytes = bytesOfArguments([given]);
    given.write('x');
    expect(bytes?.toString()).toBe('abc');
  });

  it('are none of what Node refuses', () => {
    expect(bytesOfArguments([undefined])).toBeUndefined();
    expect(bytesOfArguments([{ length: 3 }])).toBeUndefined();
  });
});
