import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { z } from 'zod';
import { having } from './checks.ts';
import { asNumber, asText } from './env-form.ts';
import { bytes, characters, MIB, milliseconds, notNegative, positive, timer } from './numbers.ts';
import { optionDocs } from './option-docs.ts';

/** Ranges and defaults: RFC 7932 for brotli, RFC 1950 for gzip and deflate as zlib has them, RFC 8878 for zstd. */
export const COMPRESSION_LEVELS = {
  brotli: { least: 0, most: 11, usual: 1 },
  gzip: { least: 0, most: 9, usual: 6 },
  deflate: { least: 0, most: 9, usual: 6 },
  zstd: { least: 1, most: 22, usual: 3 },
} as const;

export const textSizeTiers = z
  .strictObject({
    small: positive()
      .default(500)
      .register(optionDocs, { ...characters, meaning: 'A shorter text is `small`.' }),
    medium: positive()
      .default(5_000)
      .register(optionDocs, { ...characters, meaning: 'A shorter text is `medium`.' }),
    large: positive()
      .default(50_000)
      .register(optionDocs, {
        ...characters,
        meaning: 'A shorter text is `large`, any other `xlarge`.',
      }),
  })
  .refine(({ small, medium, large }) => small < medium && medium < large);

export const memory = z.strictObject({
  maxBytes: positive()
    .default(64 * MIB)
    .register(optionDocs, {
      ...bytes,
      meaning: 'All entries in memory together; the least recently used leave first.',
    }),
  maxEntries: positive().default(10_000).register(optionDocs, {
    allowed: 'a whole number from 1',
    meaning: 'Entries in memory; the least recently used leave first.',
    env: asNumber,
  }),
  maxEntryBytes: positive()
    .default(MIB)
    .register(optionDocs, { ...bytes, meaning: 'A larger entry is not kept in memory; `memory.maxBytes` caps it.' }),
  whenDisconnected: z.enum(['serve-new', 'off']).default('serve-new').register(optionDocs, {
    allowed: 'serve-new or off',
    meaning:
      'What memory gives while Redis cannot be asked: what was made since then, for a minute at the most, or nothing.',
    env: asText,
  }),
});

export const compression = z
  .strictObject({
    thresholdBytes: notNegative()
      .default(1_024)
      .register(optionDocs, {
        allowed: 'a whole number of bytes from 0',
        meaning: 'A shorter body is stored as it is.',
        env: { ...asNumber, name: 'AI_CACHE_COMPRESSION_THRESHOLD' },
      }),
    algorithm: z.enum(['brotli', 'gzip', 'deflate', 'zstd']).default('brotli').register(optionDocs, {
      allowed: 'brotli, gzip, deflate or zstd',
      meaning: 'How bodies are compressed.',
      env: asText,
    }),
    level: z.int().optional().register(optionDocs, {
      allowed: 'a whole number: brotli 0 to 11, gzip and deflate 0 to 9, zstd 1 to 22',
      meaning: 'How hard to try.',
      env: asNumber,
      defaultText: 'brotli 1, gzip 6, deflate 6, zstd 3',
    }),
  })
  .refine(({ algorithm, level }) => level === undefined || isWithin(level, COMPRESSION_LEVELS[algorithm]), {
    path: ['level'],
  });

export const coalesce = z.strictObject({
  waitMs: timer()
    .default(60_000)
    .register(optionDocs, {
      ...milliseconds,
      meaning: "How long a request waits for another's answer before it runs the handler itself.",
    }),
  across: z.enum(['process', 'cluster']).default('process').register(optionDocs, {
    allowed: 'process or cluster',
    meaning: 'Who waits for whom: the requests of one process, or of all that share a Redis and a namespace.',
    env: asText,
  }),
});

export const telemetry = z.strictObject({
  tracerProvider: having<TracerProvider>('getTracer').optional().register(optionDocs, {
    allowed: 'an OpenTelemetry TracerProvider: an object with getTracer()',
    meaning: 'Where spans go.',
    defaultText: 'the global one',
  }),
  meterProvider: having<MeterProvider>('getMeter').optional().register(optionDocs, {
    allowed: 'an OpenTelemetry MeterProvider: an object with getMeter()',
    meaning: 'Where metrics go.',
    defaultText: 'the global one',
  }),
});

function isWithin(level: number, range: { readonly least: number; readonly most: number }): boolean {
  return level >= range.least && level <= range.most;
}
