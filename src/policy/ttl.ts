import type { CostTier, TtlConfig } from '../config/config.ts';
import type { AIRequest } from '../request/ai-request.ts';
import { forModel } from './model-pattern.ts';

/** Base lifetimes by operation to begin with: `ttl: { operations: EXAMPLE_OPERATION_SECONDS }`. None applies by default. Seconds. */
export const EXAMPLE_OPERATION_SECONDS: Readonly<Record<string, number>> = Object.freeze({
  summarize: 7_200,
  sentiment: 86_400,
  key_points: 7_200,
  questions: 3_600,
  qa: 1_800,
});

const LEAST_CONFIDENCE = 0.5;
const MOST_CONFIDENCE = 1.5;

/** A lifetime and what it came of: `base` × `multiplier` × `confidence`, capped by `ttl.maxSeconds`. */
export interface TtlExplanation {
  /** Seconds, before jitter. */
  readonly ttlSeconds: number;
  /** Seconds. */
  readonly base: number;
  /** The tier of what the model costs, and what it multiplies lifetimes by. */
  readonly tier: CostTier;
  readonly multiplier: number;
  /** From 0.5 to 1.5. */
  readonly confidence: number;
  /** Where the base is from. `model`: `ttl.models`, which is exact, so that `multiplier` and `confidence` are 1. */
  readonly source: 'model' | 'operation' | 'contentType' | 'default';
}

/** What decides on a lifetime. */
export type TtlSubject = Pick<AIRequest, 'provider' | 'model' | 'operation' | 'contentType' | 'confidence'>;

/** How long is the answer to this request good, where neither the handler nor the route says? */
export function explainTtl(
  subject: TtlSubject,
  ttl: TtlConfig,
  tierOf: (subject: TtlSubject) => CostTier,
): TtlExplanation {
  const { seconds, source } = baseOf(subject, ttl);
  const tier = tierOf(subject);
  const isExact = source === 'model';
  const multiplier = isExact ? 1 : ttl.costTiers.multipliers[tier];
  const confidence = isExact ? 1 : clamped(subject.confidence ?? 1);
  const ttlSeconds = Math.min(seconds * multiplier * confidence, ttl.maxSeconds);
  return { ttlSeconds, base: seconds, tier, multiplier, confidence, source };
}

/**
 * A lifetime made longer or shorter by at most the share `jitter`, evenly, so that entries made together do not expire together.
 * By how much follows from the key's digest: the same in every process. Whole milliseconds.
 */
export function jittered(ttlSeconds: number, jitter: number, digest: string): number {
  if (jitter === 0) return ttlSeconds;
  const factor = 1 + jitter * (2 * fractionOf(digest) - 1);
  return Math.round(ttlSeconds * factor * 1000) / 1000;
}

function baseOf(subject: TtlSubject, ttl: TtlConfig): { seconds: number; source: TtlExplanation['source'] } {
  const { model, operation, contentType } = subject;
  const ofModel = model === undefined ? undefined : forModel(ttl.models, model);
  if (ofModel !== undefined) return { seconds: ofModel, source: 'model' };
  if (operation !== undefined && Object.hasOwn(ttl.operations, operation)) {
    return { seconds: ttl.operations[operation] as number, source: 'operation' };
  }
  if (contentType !== undefined) return { seconds: ttl.contentTypes[contentType], source: 'contentType' };
  return { seconds: ttl.defaultSeconds, source: 'default' };
}

function clamped(confidence: number): number {
  return Math.min(Math.max(confidence, LEAST_CONFIDENCE), MOST_CONFIDENCE);
}

/** From 0 to just below 1, evenly over digests (hex): its first 48 bits. */
function fractionOf(digest: string): number {
  return parseInt(digest.slice(0, 12), 16) / 2 ** 48;
}
