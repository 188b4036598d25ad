import { describe, expect, it } from 'vitest';
import { nearestName } from '../../../src/config/nearest-name.ts';

describe('nearestName', () => {
  it.each([
    ['namespce', ['name', 'namespace', 'mode'], 'namespace'],
    ['NAMESPACE', ['name', 'namespace', 'mode'], 'namespace'],
    ['ttll', ['ttl', 'telemetry'], 'ttl'],
    ['redisTimeout', ['redis', 'redisTimeoutMs'], 'redisTimeoutMs'],
    ['memory.maxByte', ['memory', 'memory.maxBytes'], 'memory.maxBytes'],
    ['zzz', ['one', 'other'], 'one'],
  ])('finds for %s among %j', (name, known, nearest) => {
    expect(nearestName(name, known)).toBe(nearest);
  });

  it('finds nothing among nothing', () => {
    expect(nearestName('name', [])).toBe('');
  });
});
