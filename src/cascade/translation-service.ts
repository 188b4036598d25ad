import { z } from 'zod';
import { hasMethod, synchronous } from '../config/checks.ts';
import { optionDocs } from '../config/option-docs.ts';
import type { CachedResponse } from '../direct/cached-response.ts';
import type { EntrySelector } from '../direct/selector.ts';
import { invalidTranslation, translationUnreadable, cascadeFunctionThrew } from '../errors.ts';
import type { AIRequest } from '../request/ai-request.ts';
import type { Stats, StatsFilter } from '../telemetry/stats.ts';
import type { CascadeResult } from './answered.ts';
import { rejected, type BatchItem, type BatchOptions } from './batch.ts';
import { parsedWith } from './options.ts';
import type { CompleteOptions, ProviderCascade } from './provider-cascade.ts';
import { readTranslation, type ReadTranslation } from './read-translation.ts';
import type { CascadeStats } from './tally.ts';
import { requestOf, type Translation } from './translation.ts';

export interface TranslationServiceOptions {
  readonly cascade: ProviderCascade;
  /** Finds the text in an answer; not async. Default: {@link readTranslation}. An answer without one is a failure of its provider. */
  readonly readTranslation?: ReadTranslation | undefined;
  /** The operation in keys, labels and lifetimes. Default `'translate'`. */
  readonly operation?: string | undefined;
}

/** A translation, and whose it is. */
export interface Translated extends Pick<
  CascadeResult,
  'provider' | 'model' | 'cached' | 'fallback' | 'coalesced' | 'notStored'
> {
  readonly text: string;
}

export type TranslatedItem = BatchItem<Translated>;
export type TranslateBatchOptions = BatchOptions;

const serviceOptions = z.strictObject({
  cascade: z
    .custom<ProviderCascade>((value) => ['complete', 'completeBatch', 'stats'].every((name) => hasMethod(value, name)))
    .register(optionDocs, { allowed: 'a ProviderCascade', meaning: 'Who translates.', defaultText: 'required' }),
  readTranslation: synchronous<ReadTranslation>()
    .default(() => readTranslation)
    .register(optionDocs, {
      allowed: 'a function that is not async',
      meaning: "Finds the text in a provider's answer.",
      defaultText: 'knows the answers of common providers',
    }),
  operation: z.string().min(1).default('translate').register(optionDocs, {
    allowed: 'a text that is not empty',
    meaning: 'The operation in keys, labels and lifetimes.',
  }),
}) satisfies z.ZodType<unknown, TranslationServiceOptions>;

/**
 * Translations from a cascade of providers, cached: languages, context, glossary and collection are in the key.
 *
 * @throws AICacheError INVALID_OPTION or UNKNOWN_OPTION, naming the option, its value and what is allowed.
 */
export class CachedTranslationService {
  readonly #cascade: ProviderCascade;
  readonly #read: ReadTranslation;
  readonly #operation: string;

  constructor(options: TranslationServiceOptions) {
    const { cascade, readTranslation: read, operation } = parsedWith(serviceOptions, options);
    this.#cascade = cascade;
    this.#read = read;
    this.#operation = operation;
  }

  /**
   * Rejects as `complete` of the cascade does; with AICacheError INVALID_REQUEST naming the field.
   *
   * @example
   * const { text } = await service.translate({ text: 'Good morning, {name}', from: 'en', to: 'fr', collection: 'mails' });
   */
  async translate(translation: Translation & Pick<CompleteOptions, 'signal'>): Promise<Translated> {
    const request = requestOf(translation, this.#operation);
    const { signal } = translation;
    return this.#translated(await this.#cascade.complete(request, { signal, accept: this.#accept }));
  }

  /** In order, with what became of each: see `completeBatch` of the cascade. A bad item fails alone. */
  async translateBatch(
    translations: readonly Translation[],
    options: TranslateBatchOptions = {},
  ): Promise<TranslatedItem[]> {
    if (!Array.isArray(translations)) throw invalidTranslation('translations', 'an array');
    const asked = translations.map((translation) => this.#requestOf(translation));
    // What is no translation is no request either; its own error says more.
    const requests = asked.map((one) => ('request' in one ? one.request : undefined)) as AIRequest[];
    const items = await this.#cascade.completeBatch(requests, { ...options, accept: this.#accept });
    return items.map((item, place) => {
      const one = asked[place];
      if (one !== undefined && 'error' in one) return rejected(one.error);
      return item.status === 'fulfilled' ? this.#settled(item) : item;
    });
  }

  /** The cache's, of all that it serves in this process, and the cascade's. */
  stats(filter: StatsFilter = {}): { readonly cache: Stats; readonly cascade: CascadeStats } {
    return { cache: this.#cascade.cache.stats(filter), cascade: this.#cascade.stats() };
  }

  /**
   * Removes translations, all of them or those that fit the selector: `invalidate` of the cache, for this service's operation alone.
   *
   * @throws AICacheError as `invalidate` of the cache does.
   */
  invalidate(selector: Omit<EntrySelector, 'operation'> = {}): Promise<{ removed: number }> {
    return this.#cascade.cache.invalidate({ ...selector, operation: this.#operation });
  }

  readonly #accept = (response: CachedResponse): boolean => this.#textIn(response) !== undefined;

  #textIn(response: CachedResponse): string | undefined {
    const { provider = '', model = '' } = response;
    const text: unknown = this.#read(response, { provider, model });
    return typeof text === 'string' && text !== '' ? text : undefined;
  }

  #requestOf(translation: Translation): { readonly request: AIRequest } | { readonly error: unknown } {
    try {
      return { request: requestOf(translation, this.#operation) };
    } catch (error) {
      return { error };
    }
  }

  #settled(result: CascadeResult): TranslatedItem {
    try {
      return { status: 'fulfilled', ...this.#translated(result) };
    } catch (error) {
      return rejected(error);
    }
  }

  #translated(result: CascadeResult): Translated {
    const { response, provider, model, cached, fallback, coalesced, notStored } = result;
    let text: string | undefined;
    try {
      text = this.#textIn(response);
    } catch (error) {
      throw translationUnreadable(provider, cascadeFunctionThrew('readTranslation', error));
    }
    if (text === undefined) throw translationUnreadable(provider);
    return { text, provider, model, cached, fallback, coalesced, ...(notStored === undefined ? {} : { notStored }) };
  }
}
