/** How the models of a provider are called, first letters first. Open weights that many sell (Llama, Qwen) name nobody. */
const MODELS_OF: readonly (readonly [model: RegExp, provider: string])[] = Object.freeze([
  [/^claude\b/, 'anthropic'],
  [
    /^(?:gpt-|chatgpt-|o\d(?:-|$)|codex-|computer-use-|text-embedding-(?:3-|ada-)|text-moderation-|omni-moderation-)/,
    'openai',
  ],
  [/^(?:dall-e-|whisper-|tts-1|sora-|davinci-|babbage-)/, 'openai'],
  [/^(?:mistral|ministral|codestral|devstral|magistral|pixtral|voxtral|mixtral|open-mi[sx]tral)/, 'mistral'],
  [/^deepseek/, 'deepseek'],
  [/^(?:gemini|gemma|learnlm)/, 'google'],
  [/^(?:command(?:-|$)|c4ai-aya|embed-(?:v\d|english|multilingual)|rerank-)/, 'cohere'],
  [/^grok(?:-|$)/, 'xai'],
  [/^sonar\b/, 'perplexity'],
]);

/** Providers that a part of a path or of a model's name may name, and what they are called here. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ...['openai', 'anthropic', 'mistral', 'deepseek', 'google', 'cohere', 'xai', 'perplexity', 'groq', 'openrouter'].map(
    (name) => [name, name] as const,
  ),
  ['mistralai', 'mistral'],
  ['gemini', 'google'],
  ['x-ai', 'xai'],
]);

/**
 * Whose model is asked, where nobody says: by the model's name, which tells it apart even behind a gateway that speaks another
 * provider's protocol, else by the path: a part of it that is a provider's name, or `/v1/messages`. Undefined: nothing tells.
 *
 * It follows from what is keyed alone. `path`: that of the target, without its query.
 */
export function providerOf(path: string, model: string | undefined): string | undefined {
  return (model === undefined ? undefined : providerOfModel(model.toLowerCase())) ?? providerOfPath(path.toLowerCase());
}

function providerOfModel(model: string): string | undefined {
  const [first = '', ...more] = model.split('/');
  const named = more.length === 0 ? undefined : PROVIDERS.get(first);
  if (named !== undefined) return named;
  const bare = (more.at(-1) ?? first).replace(/^ft:/, '');
  return MODELS_OF.find(([pattern]) => pattern.test(bare))?.[1];
}

function providerOfPath(path: string): string | undefined {
  const named = path
    .split('/')
    .map((part) => PROVIDERS.get(part))
    .find((provider) => provider !== undefined);
  return named ?? (/\/v1\/messages\/?$/.test(path) ? 'anthropic' : undefined);
}
