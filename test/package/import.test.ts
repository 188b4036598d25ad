import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

interface Traces {
  readonly loaded: readonly string[];
  readonly handles: readonly string[];
}

/** Imports a module in a process of its own; fails unless that process ends by itself. */
function importAlone(specifier: string): Traces {
  const args = ['--conditions=@express-ai-cache/source', join(import.meta.dirname, 'import-probe.mjs'), specifier];
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
  return JSON.parse(stdout) as Traces;
}

describe.each(['express-ai-cache', 'express-ai-cache/stats', 'express-ai-cache/cascade'])(
  'importing %s',
  (specifier) => {
    const traces = importAlone(specifier);

    test('loads the sources of this package', () => {
      expect(traces.loaded.some((url) => /\/src\/.*index\.ts$/.test(url))).toBe(true);
    });

    test('loads neither ioredis nor a price table', () => {
      expect(traces.loaded.filter((url) => /\/node_modules\/(ioredis|@ioredis|.*genai-prices)\//.test(url))).toEqual(
        [],
      );
    });

    test('starts no timer, opens no socket, starts no thread, and lets the process end', () => {
      expect(traces.handles).toEqual([]);
    });
  },
);

describe('the probe itself', () => {
  test('sees ioredis when it is loaded', () => {
    expect(importAlone('ioredis').loaded.join()).toContain('/node_modules/ioredis/');
  });

  test('sees a timer, even one that keeps nothing alive', () => {
    expect(importAlone('data:text/javascript,setTimeout(() => {}, 1e6).unref()').handles).toContain('Timeout');
  });

  test('sees a socket', () => {
    const code = 'import net from "node:net"; net.connect("/no/such/socket").on("error", () => {})';
    expect(importAlone(`data:text/javascript,${code}`).handles).toContain('PIPEWRAP');
  });
});
