import type { Cluster, Redis } from 'ioredis';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { Coding, TextTier } from '../entry/entry.ts';
import type { AICacheError } from '../errors.ts';
import type { ContentType } from '../request/ai-request.ts';

export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512' | 'sha512-256' | 'sha3-256' | 'sha3-512';

/** What a model costs, in four classes; the option `ttl.costTiers` says what each does to a lifetime. */
export type CostTier = 'very_high' | 'high' | 'medium' | 'low';

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
  readonly ttl: TtlConfig;
  /** By model, or the beginning of its name with `*` behind it. */
  readonly prices: Readonly<Record<string, ModelPrice>>;
  readonly staleWhileRevalidateSeconds: number;
  readonly staleIfErrorSeconds: number;
  readonly revalidateSeconds: number;
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
  readonly whenDisconnected: 'serve-new' | 'off';
}

export interface CompressionConfig {
  readonly thresholdBytes: number;
  readonly algorithm: Exclude<Coding, 'identity'>;
  readonly level: number;
}

/** The policy of lifetimes. Tables by model take a name, or the beginning of one with `*` behind it. */
export interface TtlConfig {
  readonly defaultSeconds: number;
  readonly operations: Readonly<Record<string, number>>;
  readonly contentTypes: Readonly<Record<ContentType, number>>;
  readonly costTiers: {
    readonly multipliers: Readonly<Record<CostTier, number>>;
    readonly models: Readonly<Record<string, CostTier>>;
  };
  readonly models: Readonly<Record<string, number>>;
  /** The share of the time since Last-Modified for which an answer is fresh; 0: none. */
  readonly heuristic: number;
  readonly jitter: number;
  readonly maxSeconds: number;
}

/** USD per million tokens. */
export interface ModelPrice {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
}

export interface CoalesceConfig {
  readonly waitMs: number;
  readonly across: 'process' | 'cluster';
}

export interface TelemetryConfig {
  readonly tracerProvider?: TracerProvider;
  readonly meterProvider?: MeterProvider;
}
