import type { Cluster, Redis } from 'ioredis';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { Coding, TextTier } from '../entry/entry.ts';
import type { AICacheError } from '../errors.ts';

export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512' | 'sha512-256' | 'sha3-256' | 'sha3-512';

/** What every part reads: options and defaults, parsed once, deeply frozen. Units are in the names. */
export interface Config {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly enabled: () => boolean;
  readonly mode: 'serve' | 'shadow';
  readonly redis: string | Redis | Cluster | undefined;
  readonly redisTimeoutMs: number;
  readonly memory: false | MemoryConfig;
  readonly maxEntryBytes: number;
  readonly textSizeTiers: { readonly small: number; readonly medium: number; readonly large: number };
  readonly memoryTextTiers: readonly TextTier[];
  readonly textHashThreshold: number;
  readonly hashAlgorithm: HashAlgorithm;
  readonly compression: false | CompressionConfig;
  readonly ttl: { readonly defaultSeconds: number; readonly maxSeconds: number };
  readonly staleWhileRevalidateSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly hitForMissSeconds: number;
  readonly maxFillMs: number;
  readonly coalesce: false | CoalesceConfig;
  readonly telemetry: false | TelemetryConfig;
  readonly cacheStatus: boolean | 'key';
  readonly onError: (error: AICacheError) => void;
}

export interface MemoryConfig {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly maxEntryBytes: number;
}

export interface CompressionConfig {
  readonly thresholdBytes: number;
  readonly algorithm: Exclude<Coding, 'identity'>;
  readonly level: number;
}

export interface CoalesceConfig {
  readonly waitMs: number;
  readonly across: 'process' | 'cluster';
}

export interface TelemetryConfig {
  readonly tracerProvider?: TracerProvider;
  readonly meterProvider?: MeterProvider;
}
