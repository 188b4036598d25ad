import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatMs,
  formatPercent,
  formatSeconds,
  formatTokens,
  formatUsd,
} from '../../../src/dashboard/format.ts';

describe('figures on the dashboard', () => {
  it.each([
    [null, '–'],
    [0, '0 %'],
    [0.0004, '< 0.1 %'],
    [0.4, '40.0 %'],
    [0.99999, '> 99.9 %'],
    [1, '100 %'],
  ])('a share of %s reads %s', (share, text) => expect(formatPercent(share)).toBe(text));

  it.each([
    [0, '$0'],
    [0.00001, '< $0.0001'],
    [0.01234, '$0.0123'],
    [12.345, '$12.35'],
    [1234.5, '$1,234.50'],
    [12_345.67, '$12,346'],
    [12_345_678.9, '$12.35M'],
  ])('%s dollars read %s', (usd, text) => expect(formatUsd(usd)).toBe(text));

  it.each([
    [0, '0 ms'],
    [0.0123, '12.3 µs'],
    [1.5, '1.5 ms'],
    [999, '999 ms'],
    [1_234, '1.23 s'],
    [61_000, '1 min 1 s'],
  ])('%s milliseconds read %s', (ms, text) => expect(formatMs(ms)).toBe(text));

  it.each([
    [0, '0 s'],
    [0.0184, '18.4 ms'],
    [59.94, '59.9 s'],
    [60, '1 min'],
    [3_725, '1 h 2 min'],
    [90_000, '1 d 1 h'],
    [9_870_000_000, '114,236 d'],
  ])('%s seconds read %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

  it.each([
    [0, '0 B'],
    [1_023, '1,023 B'],
    [1_536, '1.5 KiB'],
    [67_108_864, '64 MiB'],
    [2 ** 52, '4,096 TiB'],
  ])('%s bytes read %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('counts are whole up to a million, tokens up to ten thousand', () => {
    expect([formatCount(999_999), formatCount(1_230_000)]).toEqual(['999,999', '1.23M']);
    expect([formatTokens(9_999), formatTokens(12_345)]).toEqual(['9,999', '12.35K']);
  });
});
