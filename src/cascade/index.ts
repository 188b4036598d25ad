export { ProviderCascade } from './provider-cascade.ts';
export type { CompleteOptions } from './provider-cascade.ts';
export type { BatchItem, BatchOptions, BatchProgress } from './batch.ts';
export type { CascadeResult } from './answered.ts';
export type { CascadeProvider, ProviderCascadeOptions, ProviderRequest } from './options.ts';
export type { CascadeStats, CircuitState, ProviderStats } from './tally.ts';
export { CascadeError, type FailureReason, type ProviderFailure } from '../errors.ts';
export { CachedTranslationService } from './translation-service.ts';
export type {
  TranslateBatchOptions,
  Translated,
  TranslatedItem,
  TranslationServiceOptions,
} from './translation-service.ts';
export type { Translation } from './translation.ts';
export { readTranslation, type ReadTranslation } from './read-translation.ts';
