export { AIResponseCache } from './ai-response-cache.ts';
export type { CachedResponse } from './direct/cached-response.ts';
export type {
  AICacheOptions,
  AIResponseCacheOptions,
  CoalesceOptions,
  CompressionOptions,
  MemoryOptions,
  TelemetryOptions,
  PriceOptions,
  TtlOptions,
} from './config/options.ts';
export type { CostTier } from './config/config.ts';
export { optionsFromEnv } from './config/env.ts';
export type { RecordedResponse, Scope } from './config/route-config.ts';
export type { WarmRequest } from './exchange/warm-request.ts';
export { digestBody } from './request/body-bytes.ts';
export { aiCacheContext, type AICacheContext } from './exchange/context.ts';
export type { SetItem, SetItemResult } from './direct/many.ts';
export type { WarmItems, WarmOptions, WarmRunOptions } from './direct/warm-options.ts';
export type { WarmFailure, WarmProgress, WarmResult } from './direct/warm-count.ts';
export type { StatsOptions } from './direct/stats-across.ts';
export type { EntrySelector } from './direct/selector.ts';
export type { FillResponse, SetOptions, SetResult } from './direct/direct.ts';
export type { TextTier, Usage } from './entry/entry.ts';
export { AICacheError, type AICacheErrorCode } from './errors.ts';
export type { GivenResponse } from './direct/given-response.ts';
export { aiCache } from './middleware.ts';
export { EXAMPLE_OPERATION_SECONDS, type TtlExplanation } from './policy/ttl.ts';
export type { AIRequest, ContentType, JsonObject, JsonValue } from './request/ai-request.ts';
export { CacheKeyGenerator, type CacheKeyGeneratorOptions } from './request/key-generator.ts';
export type { CacheInfo } from './stats/inspectable.ts';
export type {
  CacheMessages,
  ErrorMessage,
  EvictionMessage,
  FillMessage,
  InvalidateMessage,
  OperationMessage,
  OutcomeMessage,
} from './telemetry/channels.ts';
export { CachePerformanceMonitor, type PerformanceMonitorOptions } from './telemetry/performance-monitor.ts';
export type { HistorySlot, PerformanceHistory } from './telemetry/performance-history.ts';
export type { PerformanceSnapshot } from './telemetry/performance-snapshot.ts';
export type { RecentError } from './telemetry/recent-errors.ts';
export type { Outcome, Result } from './telemetry/outcome.ts';
export type { ModelTotals, RequestTotals, Stats, StatsFilter } from './telemetry/stats.ts';
