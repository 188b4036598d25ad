/** Redis memory for an entry, by compression, and the time that writing and reading takes with it. */
import type { CompressionOptions } from 'express-ai-cache';
import type { Bench, Table } from '../bench.ts';
import { ANSWER_BYTES, countOf, entries, withCache } from './s10-entries.ts';

const CODINGS: ReadonlyArray<{ name: string; compression: false | CompressionOptions }> = [
  { name: 'none', compression: false },
  { name: 'brotli 1 (the default)', compression: { algorithm: 'brotli' } },
  { name: 'brotli 4', compression: { algorithm: 'brotli', level: 4 } },
  { name: 'gzip 6', compression: { algorithm: 'gzip' } },
  { name: 'deflate 6', compression: { algorithm: 'deflate' } },
  { name: 'zstd 3', compression: { algorithm: 'zstd' } },
];

interface Row {
  readonly name: string;
  readonly bytes: number;
  readonly writeMs: number;
  readonly readMs: number;
}

export async function codings(bench: Bench): Promise<Table> {
  const rows: Row[] = [];
  for (const { name, compression } of CODINGS) {
    bench.say(`  compression: ${name}`);
    rows.push(await measure(bench, name, compression));
  }
  const plain = rows[0]?.bytes ?? NaN;
  return {
    id: 's10-compression',
    title: 'S10 memory of Redis, by compression',
    about:
      `${countOf(bench).toLocaleString('en')} entries with answers of ${ANSWER_BYTES} bytes of prose, written by \`set\` and read ` +
      'by `get` one after the other; what `used_memory` of Redis grows by.',
    columns: ['compression', 'bytes in Redis, an entry', '× none', 'set, ms', 'get, ms'],
    rows: rows.map(({ name, bytes, writeMs, readMs }) => [
      name,
      bytes.toFixed(0),
      (plain / bytes).toFixed(2),
      writeMs.toFixed(3),
      readMs.toFixed(3),
    ]),
    leftOut: [],
    data: rows,
  };
}

function measure(bench: Bench, name: string, compression: false | CompressionOptions): Promise<Row> {
  return withCache({ compression }, async (cache, redis) => {
    const given = entries(countOf(bench));
    const memory = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(await redis.cli('info', 'memory'))?.[1] ?? NaN);
    // Connections and what Redis allocates for them are there before.
    await cache.set({ text: 'first' }, 'first');
    const before = await memory();
    const writeMs = await each(given, async ({ request, response }) => {
      const { stored } = await cache.set(request, response);
      if (!stored) bench.fail(`S10 ${name}: an entry was not stored`);
    });
    const bytes = ((await memory()) - before) / given.length;
    const readMs = await each(given, async ({ request, response }) => {
      const found = await cache.get(request);
      if (found?.body.toString() !== JSON.stringify(response)) bench.fail(`S10 ${name}: an entry reads otherwise`);
    });
    return { name, bytes, writeMs, readMs };
  });
}

/** Milliseconds for each, one after the other. */
async function each<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  for (const item of items) await act(item);
  return (performance.now() - startedAt) / items.length;
}
