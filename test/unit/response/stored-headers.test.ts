import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { HeaderField } from '../../../src/entry/entry.ts';
import { acceptsCoding } from '../../../src/response/negotiate.ts';
import { codingOf, storedHeaders } from '../../../src/response/stored-headers.ts';

const kept: readonly HeaderField[] = [
  ['Content-Type', 'text/plain'],
  ['Link', '</a>'],
  ['Link', '</b>'],
  ['X-Date', 'today'],
  ['ETag', '"v1"'],
  ['Cache-Control', 'max-age=60'],
];

const SENT_AT = Date.UTC(2026, 0, 1);
const DATE: HeaderField = ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'];

describe('storedHeaders', () => {
  it('keeps what describes the answer, in its order and case', () => {
    expect(storedHeaders(kept, SENT_AT)).toEqual([...kept, DATE]);
  });

  it.each([
    'Connection',
    'Keep-Alive',
    'Proxy-Authenticate',
    'Proxy-Authentication-Info',
    'Proxy-Authorization',
    'Proxy-Connection',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'Set-Cookie',
    'Age',
    'Content-Length',
    'Content-Encoding',
  ])('leaves out %s, in any case', (name) => {
    const more: HeaderField[] = [
      [name, 'x'],
      [name.toLowerCase(), 'x'],
      [name.toUpperCase(), 'x'],
    ];
    expect(storedHeaders([...more, ...kept], SENT_AT)).toEqual([...kept, DATE]);
  });

  it('leaves out what Connection names', () => {
    const headers: HeaderField[] = [['Connection', 'close, X-Hop'], ['x-hop', '1'], ['X-Hop-2', '2'], ...kept];
    expect(storedHeaders(headers, SENT_AT)).toEqual([['X-Hop-2', '2'], ...kept, DATE]);
  });

  it('keeps the Date of the handler', () => {
    const dated: HeaderField[] = [...kept, ['date', 'Wed, 01 Jan 2025 00:00:00 GMT']];
    expect(storedHeaders(dated, SENT_AT)).toEqual(dated);
  });
});

describe('codingOf', () => {
  it.each<[HeaderField[], string]>([
    [[], 'identity'],
    [[['Content-Encoding', 'GZIP']], 'gzip'],
    [[['content-encoding', 'br']], 'br'],
  ])('of %j is %s', (headers, coding) => {
    expect(codingOf(headers)).toBe(coding);
  });
});

describe('acceptsCoding', () => {
  const accepts = (header: string | undefined, coding: 'identity' | 'br' | 'gzip' | 'zstd'): boolean =>
    acceptsCoding({ headers: header === undefined ? {} : { 'accept-encoding': header } } as IncomingMessage, coding);

  it.each([
    [undefined, 'identity', true],
    [undefined, 'br', false],
    ['', 'br', false],
    ['br', 'br', true],
    ['gzip', 'br', false],
    ['gzip, deflate, br, zstd', 'zstd', true],
    ['*', 'br', true],
    ['*;q=0', 'br', false],
    ['*;q=0, br', 'br', true],
    ['br;q=0', 'br', false],
    ['br;q=0.001', 'br', true],
    ['identity;q=0', 'identity', true],
    ['BR', 'br', true],
    ['br2', 'br', false],
    ['%%%', 'br', false],
  ] as const)('of %j for %s is %s', (header, coding, expected) => {
    expect(accepts(header, coding)).toBe(expected);
  });
});
