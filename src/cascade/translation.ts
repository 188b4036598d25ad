import { invalidTranslation } from '../errors.ts';
import type { AIRequest, JsonObject } from '../request/ai-request.ts';
import { isPlainObject } from '../request/plain-object.ts';

/** A text to be translated. All but `tags` is in the key. */
export interface Translation {
  /** As it is: it is neither split nor trimmed, and placeholders and markup arrive unchanged. */
  readonly text: string;
  /** The text's language, as your providers call it. Default: they find out. */
  readonly from?: string | undefined;
  /** The language to translate to. */
  readonly to: string;
  /** What the text is about, or where it stands. */
  readonly context?: string | undefined;
  /** How certain words are to be translated. */
  readonly glossary?: Readonly<Record<string, string>> | undefined;
  /** A group of entries of a content system, for `invalidate({ collection })`. */
  readonly collection?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Whose translation it is, where it must not be shared. Default: everybody's. */
  readonly tenant?: string | undefined;
}

const OPTIONAL_TEXTS = ['from', 'context', 'collection', 'tenant'] as const;

/** What providers are asked: the text, and `options` with `from`, `to`, `context` and `glossary`. Throws AICacheError INVALID_REQUEST. */
export function requestOf(translation: Translation, operation: string): AIRequest {
  if (!isPlainObject(translation)) throw invalidTranslation('translation', 'an object');
  const { text, from, to, context, glossary, collection, tags, tenant } = translation;
  if (typeof text !== 'string' || text === '') throw invalidTranslation('text', 'a text that is not empty');
  if (typeof to !== 'string' || to === '') throw invalidTranslation('to', 'the name of a language');
  for (const name of OPTIONAL_TEXTS) {
    const value: unknown = translation[name];
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw invalidTranslation(name, 'absent or a text that is not empty');
  }
  if (glossary !== undefined && !isGlossary(glossary))
    throw invalidTranslation('glossary', 'an object of words and their translations');
  const options: JsonObject = { from, to, context, glossary };
  return {
    text,
    operation,
    options,
    ...(collection === undefined ? {} : { collection }),
    ...(tags === undefined ? {} : { tags }),
    ...(tenant === undefined ? {} : { tenant }),
  };
}

function isGlossary(value: unknown): boolean {
  return isPlainObject(value) && Object.values(value).every((word) => typeof word === 'string');
}
