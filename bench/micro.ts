/**
 * What the parts of a request cost by themselves: the key, and an entry's way to Redis and back. The parts in turn within every round;
 * medians with the smallest and the largest.
 *
 *     npm run bench:micro [-- rounds]
 */
import { hash } from 'node:crypto';
import { sampleEntry } from '../test/support/sample-entry.ts';
import { decodeEntry, encodeEntry } from '../src/entry/codec.ts';
import { compress, decompress } from '../src/entry/compression.ts';
import { atOnce } from '../src/in-turns.ts';
import { canonicalSlices } from '../src/request/canonical-json.ts';
import { CacheKeyGenerator } from '../src/request/key-generator.ts';
import { shown, spreadOf } from './measure/statistics.ts';
import { prose } from './prose.ts';

const rounds = Number(process.argv[2] ?? 7);
/** A part is repeated until it has taken as long, milliseconds. */
const ENOUGH_MS = 40;
const LEVELS = { br: 1, gzip: 6, zstd: 3 } as const;
const keys = new CacheKeyGenerator();

type Part = () => unknown;
const parts: Record<string, Part> = {};

for (const kilobytes of [1, 20, 200]) {
  const body = { text: prose(kilobytes * 1_024 - 60, kilobytes), operation: 'summarize', options: { words: 40 } };
  const bytes = Buffer.from(JSON.stringify(body));
  const { text, operation, options } = body;
  Object.assign(parts, {
    [`SHA-256 of the bytes, ${kilobytes} KB`]: () => hash('sha256', bytes),
    [`JSON.parse, ${kilobytes} KB`]: () => JSON.parse(bytes.toString()) as unknown,
    [`canonical JSON, ${kilobytes} KB`]: () => atOnce(canonicalSlices(body)),
    [`key of a request, ${kilobytes} KB`]: () => keys.generate({ text, operation, options }),
  });
}
for (const kilobytes of [4, 64]) {
  const body = Buffer.from(JSON.stringify({ summary: prose(kilobytes * 1_024 - 14, kilobytes) }));
  const entry = sampleEntry({ body });
  const frame = encodeEntry(entry);
  parts[`encode an entry, ${kilobytes} KB`] = () => encodeEntry(entry);
  parts[`decode an entry, ${kilobytes} KB`] = () => decodeEntry(frame, entry.digest);
  for (const algorithm of ['br', 'gzip', 'zstd'] as const) await addCoding(algorithm, body, kilobytes);
}

const micros = new Map<string, number[]>(Object.keys(parts).map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  for (const [name, part] of Object.entries(parts)) {
    const value = await microsOf(part);
    // The first round is for the compilers.
    if (round > 0) micros.get(name)?.push(value);
  }
}
console.log('| part | µs |\n| --- | --- |');
for (const [name, values] of micros) console.log(`| ${name} | ${shown(spreadOf(values), 1)} |`);

async function addCoding(algorithm: keyof typeof LEVELS, body: Buffer, kilobytes: number): Promise<void> {
  const options = { algorithm, level: LEVELS[algorithm], thresholdBytes: 0 };
  const coded = await compress(body, options);
  parts[`${algorithm} ${options.level}, ${kilobytes} KB`] = () => compress(body, options);
  parts[`${algorithm} back, ${kilobytes} KB`] = () => decompress(coded.body, coded.coding, body.length);
}

async function microsOf(part: Part): Promise<number> {
  const startedAt = performance.now();
  let times = 0;
  while (performance.now() - startedAt < ENOUGH_MS) {
    await part();
    times += 1;
  }
  return ((performance.now() - startedAt) * 1_000) / times;
}
