export { statsRouter } from './router.ts';
export type { StatsRouterOptions } from './router.ts';
export { collectionWebhook } from './webhook.ts';
export type { CollectionWebhookOptions } from './webhook.ts';
export type { Authorize, StatsAction } from './authorize.ts';
export type { Health } from './health.ts';
export type { AllowedChanges } from './schemas.ts';
export type { CacheInfo, InspectableCache, ManageableCache, MemoryTierInfo, RedisTierInfo } from './inspectable.ts';
