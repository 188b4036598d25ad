import { membersOf, type FactGatherer, type Members } from './answer-facts.ts';

/** How the tokens are called: OpenAI's chat and embeddings, Mistral, DeepSeek; OpenAI's responses and images; the AI SDK. */
const SPELLINGS = [
  ['prompt_tokens', 'completion_tokens'],
  ['input_tokens', 'output_tokens'],
  ['inputTokens', 'outputTokens'],
  ['promptTokens', 'completionTokens'],
] as const;

/** Reads the member `usage` of an answer; one that counts only the prompt, as that of embeddings, counts. */
export function readUsage(value: unknown, gatherer: FactGatherer): void {
  const usage = membersOf(value);
  if (usage === undefined) return;
  const [input, output] = SPELLINGS.find(([name]) => usage[name] !== undefined) ?? SPELLINGS[0];
  gatherer.usage(usage[input], usage[output]);
  gatherer.cached(readFromCache(usage));
}

function readFromCache(usage: Members): unknown {
  const details = membersOf(usage.prompt_tokens_details) ?? membersOf(usage.input_tokens_details);
  // DeepSeek has a member of its own.
  return details?.cached_tokens ?? usage.prompt_cache_hit_tokens ?? usage.cachedInputTokens;
}
