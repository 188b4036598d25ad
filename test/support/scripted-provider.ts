import type { CascadeProvider, ProviderRequest } from '../../src/cascade/options.ts';

/** What a provider does when it is called: a value to resolve to, or a function that does it. */
export type Act = (request: ProviderRequest, signal: AbortSignal) => unknown;

/** A provider that does one thing after the other, the last one for ever; its `call` keeps what it was asked. */
export interface ScriptedProvider extends CascadeProvider {
  readonly model: string;
  readonly call: CascadeProvider['call'] & { readonly asked: ProviderRequest[]; readonly signals: AbortSignal[] };
}

export function scripted(provider: string, ...acts: readonly Act[]): ScriptedProvider {
  const asked: ProviderRequest[] = [];
  const signals: AbortSignal[] = [];
  const call: CascadeProvider['call'] = async (request, { signal }) => {
    asked.push(request);
    signals.push(signal);
    return acts[Math.min(asked.length, acts.length) - 1]?.(request, signal);
  };
  return { provider, model: `${provider}-model`, call: Object.assign(call, { asked, signals }) };
}

/** A chat completion that says who made it, of what. */
export const answers: Act = ({ provider, model, text }) => chat(`${provider}: ${text}`, model);

export function chat(content: string, model = 'a-model', finish = 'stop'): object {
  return {
    object: 'chat.completion',
    model,
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finish }],
    usage: { prompt_tokens: 3, completion_tokens: 5 },
  };
}

/** Rejects as an SDK does. */
export function fails(status: number, headers: unknown = {}): Act {
  return () => {
    throw Object.assign(new Error(`status ${status}`), { status, headers });
  };
}

/** A connection that was refused. */
export const unreachable: Act = () => {
  throw Object.assign(new TypeError('fetch failed'), { code: 'ECONNREFUSED' });
};

/** Never answers, whatever the signal says. */
export const hangs: Act = () => new Promise(() => undefined);

/** Answers when it is let to, and gives up when it is told to. */
export function waits(opened: Promise<void>): Act {
  return async (request, signal) => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason));
    await Promise.race([opened, promise]);
    return answers(request, signal);
  };
}
