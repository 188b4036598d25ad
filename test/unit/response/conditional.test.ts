import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/entry/entry.ts';
import { hideConditionals, isNotModified } from '../../../src/response/conditional.ts';

const headers: readonly HeaderField[] = [
  ['ETag', '"v1"'],
  ['Last-Modified', 'Wed, 01 Jan 2025 00:00:00 GMT'],
];

describe('isNotModified', () => {
  it.each([
    ['nothing', {}, false],
    ['the ETag', { 'if-none-match': '"v1"' }, true],
    ['the ETag, weak', { 'if-none-match': 'W/"v1"' }, true],
    ['the ETag in a list', { 'if-none-match': '"v0",W/"v1"' }, true],
    ['any', { 'if-none-match': '*' }, true],
    ['another ETag', { 'if-none-match': '"v2"' }, false],
    ['a part of the ETag', { 'if-none-match': '"v"' }, false],
    ['the time', { 'if-modified-since': 'Wed, 01 Jan 2025 00:00:00 GMT' }, true],
    ['a time before', { 'if-modified-since': 'Tue, 31 Dec 2024 00:00:00 GMT' }, false],
    ['no time', { 'if-modified-since': 'yesterday' }, false],
    [
      'another ETag with the time',
      { 'if-none-match': '"v2"', 'if-modified-since': 'Wed, 01 Jan 2025 00:00:00 GMT' },
      false,
    ],
    ['the ETag, to be validated', { 'if-none-match': '"v1"', 'cache-control': 'no-cache' }, false],
    ['If-Range alone', { 'if-range': '"v1"' }, false],
  ])('of a client that sends %s', (_what, conditionals, expected) => {
    expect(isNotModified(conditionals, headers)).toBe(expected);
  });

  it('of an answer without an ETag is false, but for any', () => {
    expect(isNotModified({ 'if-none-match': '"v1"' }, [])).toBe(false);
    expect(isNotModified({ 'if-none-match': '*' }, [])).toBe(true);
  });

  it('asks about the ETag that is given', () => {
    expect(isNotModified({ 'if-none-match': '"v1-br"' }, headers, '"v1-br"')).toBe(true);
    expect(isNotModified({ 'if-none-match': '"v1"' }, headers, '"v1-br"')).toBe(false);
  });
});

describe('hideConditionals', () => {
  it('takes them out of the request and puts them back', () => {
    const req = {
      headers: { host: 'x', 'if-none-match': '"v1"', 'if-range': '"v1"', 'if-match': '"v0"' },
    } as unknown as IncomingMessage;
    const { conditionals, restore } = hideConditionals(req);
    expect(req.headers).toEqual({ host: 'x', 'if-match': '"v0"' });
    expect(conditionals).toEqual({ 'if-none-match': '"v1"', 'if-range': '"v1"' });
    restore();
    restore();
    expect(req.headers).toEqual({ host: 'x', 'if-none-match': '"v1"', 'if-range': '"v1"', 'if-match': '"v0"' });
  });
});
