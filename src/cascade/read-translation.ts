import type { CachedResponse } from '../direct/cached-response.ts';
import { isText, listOf, membersOf, type Members } from '../policy/answer/answer-facts.ts';

/** Finds the translation in a provider's answer; undefined where there is none. */
export type ReadTranslation = (
  response: CachedResponse,
  from: { readonly provider: string; readonly model: string },
) => string | undefined;

/**
 * The default: chat completions (OpenAI, Mistral, DeepSeek), OpenAI's responses, Anthropic's messages, DeepL's and Google's translations,
 * `{ text }`, `{ translation }` or `{ translatedText }`, a JSON string, and plain text. Unchanged: nothing is trimmed.
 */
export const readTranslation: ReadTranslation = (response) => {
  const type = String(response.headers['content-type'] ?? '');
  if (!/[/+]json\b/i.test(type)) return type.startsWith('text/plain') ? nonEmpty(response.text()) : undefined;
  const value = response.json();
  const document = membersOf(value);
  if (document === undefined) return nonEmpty(value);
  return fromChat(document) ?? fromResponses(document) ?? fromContents(document.content) ?? fromTranslator(document);
};

function fromChat({ choices }: Members): string | undefined {
  const message = membersOf(listOf(choices)[0]?.message);
  return nonEmpty(message?.content) ?? fromContents(message?.content);
}

function fromResponses({ output }: Members): string | undefined {
  return joined(listOf(output).map((item) => fromContents(item.content)));
}

/** Parts of a message; thoughts and other parts are no text of it. */
function fromContents(content: unknown): string | undefined {
  return joined(
    listOf(content).map(({ type, text }) => (type === 'text' || type === 'output_text' ? nonEmpty(text) : undefined)),
  );
}

function fromTranslator(document: Members): string | undefined {
  const { data, translations = membersOf(data)?.translations } = document;
  return fromMembers(document) ?? fromMembers(listOf(translations)[0] ?? {});
}

function fromMembers({ text, translation, translatedText }: Members): string | undefined {
  return nonEmpty(text) ?? nonEmpty(translation) ?? nonEmpty(translatedText);
}

function joined(texts: readonly (string | undefined)[]): string | undefined {
  return nonEmpty(texts.filter((text) => text !== undefined).join(''));
}

function nonEmpty(value: unknown): string | undefined {
  return isText(value) ? value : undefined;
}
