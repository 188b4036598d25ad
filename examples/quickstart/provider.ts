/** Who answers: the emulator, or a real provider where the environment names one. */
import OpenAI from 'openai';
import { startEmulator } from './emulator.ts';

export interface Provider {
  /** For people. */
  readonly title: string;
  readonly openai: OpenAI;
  readonly model: string;
  readonly isEmulated: boolean;
  /** How often it was asked so far. */
  calls(): number;
  stop(): Promise<void>;
}

/** A real provider needs both OPENAI_API_KEY and OPENAI_BASE_URL: a key that happens to be set spends nobody's money. */
export function startProvider(env: NodeJS.ProcessEnv): Promise<Provider> {
  const { OPENAI_API_KEY: apiKey, OPENAI_BASE_URL: baseURL, OPENAI_MODEL: model } = env;
  return apiKey && baseURL
    ? Promise.resolve(realProvider({ apiKey, baseURL, model: model || 'gpt-4o-mini' }))
    : emulatedProvider();
}

async function emulatedProvider(): Promise<Provider> {
  const { baseURL, calls, stop } = await startEmulator();
  return {
    title: `an emulator of OpenAI's API; a real one with OPENAI_API_KEY and OPENAI_BASE_URL`,
    openai: new OpenAI({ apiKey: 'none', baseURL }),
    model: 'gpt-4o-mini',
    isEmulated: true,
    calls,
    stop,
  };
}

function realProvider({ apiKey, baseURL, model }: { apiKey: string; baseURL: string; model: string }): Provider {
  let calls = 0;
  const countedFetch: typeof fetch = (...request) => {
    calls += 1;
    return fetch(...request);
  };
  return {
    title: `${model} at ${new URL(baseURL).host}`,
    openai: new OpenAI({ apiKey, baseURL, fetch: countedFetch }),
    model,
    isEmulated: false,
    calls: () => calls,
    stop: () => Promise.resolve(),
  };
}
