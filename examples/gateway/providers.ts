/** Where the gateway forwards to. */
export interface Provider {
  /** First part of the path at the gateway, and what the cache calls it. */
  readonly name: 'openai' | 'anthropic' | 'mistral' | 'deepseek';
  /** What stands in front of `/v1/…`, without a slash at the end: `https://api.openai.com`. */
  readonly url: string;
  readonly isEmulated: boolean;
}

const PROVIDERS = [
  { name: 'openai', official: 'https://api.openai.com' },
  { name: 'anthropic', official: 'https://api.anthropic.com' },
  { name: 'mistral', official: 'https://api.mistral.ai' },
  { name: 'deepseek', official: 'https://api.deepseek.com' },
] as const;

/**
 * A provider is real where `<NAME>_BASE_URL` says so, `official` for its own address; every other one is emulated. The gateway
 * needs no key: its clients bring theirs.
 *
 * @throws Error naming the variable whose value is no address.
 */
export function providersFrom(env: NodeJS.ProcessEnv, emulatorUrl: string): Provider[] {
  return PROVIDERS.map(({ name, official }) => {
    const variable = `${name.toUpperCase()}_BASE_URL`;
    const given = env[variable];
    if (!given) return { name, url: emulatorUrl, isEmulated: true };
    if (given !== 'official' && !/^https?:/.test(URL.parse(given)?.href ?? ''))
      throw new Error(`${variable} is "${given}". Allowed: an http or https address, or "official" for ${official}.`);
    return { name, url: given === 'official' ? official : withoutVersion(given), isEmulated: false };
  });
}

/** The SDKs' own variables of this name differ: OpenAI's ends with `/v1`, Anthropic's does not. */
function withoutVersion(url: string): string {
  return url.replace(/\/+$/, '').replace(/\/v1$/, '');
}
