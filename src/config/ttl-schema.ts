import { z } from 'zod';
import type { ContentType } from '../request/ai-request.ts';
import type { CostTier } from './config.ts';
import { asNumber, asRecord } from './env-form.ts';
import { lifetime, seconds, window, windowSeconds } from './numbers.ts';
import { type OptionDoc, optionDocs } from './option-docs.ts';

/** What each tier multiplies lifetimes by where the options do not say. */
export const COST_TIER_MULTIPLIERS: Readonly<Record<CostTier, number>> = Object.freeze({
  very_high: 2,
  high: 1.5,
  medium: 1,
  low: 0.8,
});

const COST_TIERS = ['very_high', 'high', 'medium', 'low'] as const satisfies readonly CostTier[];
const name = z.string().min(1);
const MODELS = 'by model, or by the beginning of its name with * behind it';

/** The words for a table, and how the environment gives it. */
function words(
  allowed: string,
  form: string = 'JSON, or name=value with commas between them',
): Pick<OptionDoc, 'allowed' | 'env'> {
  return { allowed, env: { ...asRecord, allowed: `${allowed}; as ${form}` } };
}

export function isCostTier(value: string): value is CostTier {
  return (COST_TIERS as readonly string[]).includes(value);
}

function contentType(type: ContentType, defaultSeconds: number): z.ZodDefault<z.ZodNumber> {
  return lifetime()
    .default(defaultSeconds)
    .register(optionDocs, { allowed: seconds.allowed, meaning: `Base of what is \`${type}\`, seconds.` });
}

export const ttl = z.strictObject({
  defaultSeconds: window()
    .default(86_400)
    .register(optionDocs, {
      ...windowSeconds,
      meaning: 'Base where neither operation nor content type says otherwise; 0: none, the handler has to name one.',
    }),
  operations: z
    .record(name, lifetime())
    .default({})
    .register(optionDocs, {
      ...words(`an object with ${seconds.allowed}, by operation`),
      meaning: "Base by operation, seconds; stronger than the content type's.",
    }),
  contentTypes: z
    .strictObject({
      critical: contentType('critical', 43_200),
      standard: contentType('standard', 86_400),
      static: contentType('static', 604_800),
      temporary: contentType('temporary', 21_600),
    })
    .prefault({})
    .register(optionDocs, {
      ...words(`an object with ${seconds.allowed}, for critical, standard, static and temporary`),
      meaning: 'Base by content type, seconds.',
    }),
  costTiers: z
    .record(name, z.union([z.number().positive().max(100), z.enum(COST_TIERS)]))
    .refine((table) => Object.entries(table).every(([key, value]) => isCostTier(key) === (typeof value === 'number')))
    .default({})
    .register(optionDocs, {
      ...words(
        `an object with a number above 0, at most 100, for ${COST_TIERS.join(', ')}, and with one of these names ${MODELS}`,
      ),
      meaning: 'What a tier multiplies lifetimes by, and the tiers of models.',
      defaultText: 'very_high 2, high 1.5, medium 1, low 0.8',
    }),
  models: z
    .record(name, lifetime())
    .default({})
    .register(optionDocs, {
      ...words(`an object with ${seconds.allowed}, ${MODELS}`),
      meaning: 'Exact lifetimes by model, seconds; stronger than the policy.',
    }),
  heuristic: z.number().min(0).max(1).default(0).register(optionDocs, {
    allowed: 'a number from 0 to 1',
    meaning:
      'Lifetime of an answer with `Last-Modified`, as a share of the time since then (RFC 9111 §4.2.2); 0: none.',
    env: asNumber,
  }),
  jitter: z.number().min(0).max(0.5).default(0.1).register(optionDocs, {
    allowed: 'a number from 0 to 0.5',
    meaning: 'How much longer or shorter a lifetime of the policy may be, as a share of it; 0: exact.',
    env: asNumber,
  }),
  maxSeconds: lifetime()
    .default(2_592_000)
    .register(optionDocs, { ...seconds, meaning: 'Caps every lifetime.' }),
});

const usdPerMillion = z.number().min(0).max(1_000_000);

export const prices = z
  .record(name, z.strictObject({ inputUsdPerMillion: usdPerMillion, outputUsdPerMillion: usdPerMillion }))
  .default({})
  .register(optionDocs, {
    ...words(`an object with { inputUsdPerMillion, outputUsdPerMillion }, numbers from 0, ${MODELS}`, 'JSON'),
    meaning: 'What models cost, USD per million tokens, where the shipped prices do not say or say otherwise.',
  });
