/** What was saved and what was spent is what the same requests cost without a cache, by the journal of the provider's emulator. */
import { LLMock, type ChatCompletionRequest } from '@copilotkit/aimock';
import { calcPrice } from '@pydantic/genai-prices';
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AIResponseCache } from '../../src/ai-response-cache.ts';
import type { AICacheError } from '../../src/errors.ts';
import { arrivals } from '../support/arrivals.ts';
import { serve } from '../support/cached-site.ts';
import { manualClock } from '../support/manual-clock.ts';
import { oneByOne } from '../support/one-by-one.ts';
import { proxyApp } from './proxy-app.ts';

/** One request of a client. */
interface Call {
  readonly model: string;
  readonly prompt: string;
  readonly api: 'chat' | 'stream' | 'responses';
}

interface Bill {
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
}

const MODELS = ['gpt-4o-mini', 'gpt-4o', 'claude-haiku-4-5', 'mistral-large-latest', 'deepseek-chat'];
const PROMPTS = ['What is a cache?', 'Translate: Grüße aus Köln', 'Summarize a very long text. '.repeat(40)];
const CROWD = 6;

const clock = manualClock();

/** What the emulator says a call used: an odd number for each model and prompt, so that no two mistakes cancel out. */
function usageOf({ model, prompt }: Pick<Call, 'model' | 'prompt'>): {
  prompt_tokens: number;
  completion_tokens: number;
} {
  return { prompt_tokens: 1_000 * prompt.length + model.length, completion_tokens: 17 * model.length + prompt.length };
}

function billFor(calls: readonly Pick<Call, 'model' | 'prompt'>[]): Bill {
  const bill = { calls: calls.length, inputTokens: 0, outputTokens: 0, usd: 0 };
  for (const call of calls) {
    const { prompt_tokens: input, completion_tokens: output } = usageOf(call);
    const price = calcPrice({ input_tokens: input, output_tokens: output }, call.model, {
      timestamp: new Date(clock.now()),
    });
    bill.inputTokens += input;
    bill.outputTokens += output;
    bill.usd += price?.total_price ?? Number.NaN;
  }
  return bill;
}

async function startEmulator(): Promise<LLMock> {
  const emulator = new LLMock({ host: '127.0.0.1', port: 0 });
  emulator.onMessage(/[^]*/, (request) => ({
    content: 'An answer of some length, so that streams have many pieces.',
    usage: usageOf(callOf(request)),
  }));
  await emulator.start();
  onTestFinished(() => emulator.stop());
  return emulator;
}

function callOf({ model, messages }: ChatCompletionRequest): Pick<Call, 'model' | 'prompt'> {
  return { model, prompt: messages.at(-1)?.content as string };
}

/** What the emulator was really asked. */
function spent(emulator: LLMock): Bill {
  return billFor(emulator.getRequests().map(({ body }) => callOf(body as ChatCompletionRequest)));
}

/** Resolves to the input and output tokens that the client was told of. */
async function send(
  openai: OpenAI,
  { model, prompt, api }: Call,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: prompt }];
  if (api === 'responses') {
    const { usage } = await openai.responses.create({ model, input: prompt }, { headers });
    return [usage?.input_tokens, usage?.output_tokens];
  }
  if (api === 'chat') {
    const { usage } = await openai.chat.completions.create({ model, messages }, { headers });
    return [usage?.prompt_tokens, usage?.completion_tokens];
  }
  const streaming = { stream: true, stream_options: { include_usage: true } } as const;
  const stream = openai.chat.completions.stream({ model, messages, ...streaming }, { headers });
  const usage = await stream.totalUsage();
  return [usage.prompt_tokens, usage.completion_tokens];
}

/** Every model, prompt and API once, then many of them again, in a mixed but fixed order. */
function sequence(): Call[] {
  const all = MODELS.flatMap((model) =>
    PROMPTS.flatMap((prompt) => (['chat', 'stream', 'responses'] as const).map((api) => ({ model, prompt, api }))),
  );
  const again = Array.from({ length: 120 }, (_, index) => all[(index * index * 7 + 3 * index) % all.length] as Call);
  return [...all, ...again];
}

describe('what the cache says it saved', () => {
  it('is with what was spent what the requests cost without it, to the token, by model and in all', async () => {
    const emulator = await startEmulator();
    const errors: AICacheError[] = [];
    const cache = new AIResponseCache({ telemetry: false, onError: (error) => void errors.push(error) }, clock);
    onTestFinished(() => cache.close());
    const arrived = arrivals();
    let expected = 0;
    const app = proxyApp({
      cache,
      upstream: emulator.url,
      hold: () => arrived.reached(expected),
      onArrival: arrived.note,
    });
    const { url } = await serve(app);
    const openai = new OpenAI({ apiKey: 'key', baseURL: `${url}/v1`, maxRetries: 0 });

    // One after the other, then crowds that wait for one answer or join its stream.
    const calls = sequence();
    const told: unknown[] = [];
    await oneByOne(calls.length, async (index) => {
      expected += 1;
      told.push(await send(openai, calls[index] as Call));
    });
    const crowds = MODELS.flatMap((model): Call[] => [
      { model, prompt: 'asked by many at once', api: 'chat' },
      { model, prompt: 'asked by many at once', api: 'stream' },
    ]);
    await oneByOne(crowds.length, async (index) => {
      expected += CROWD;
      const call = crowds[index] as Call;
      const crowd = Array.from({ length: CROWD }, () => send(openai, call, { 'x-hold': 'all have come' }));
      told.push(...(await Promise.all(crowd)));
    });

    const sent = [...calls, ...crowds.flatMap((call) => Array.from({ length: CROWD }, () => call))];
    expect(told).toEqual(
      sent.map(usageOf).map(({ prompt_tokens: input, completion_tokens: output }) => [input, output]),
    );
    await expect
      .poll(() => {
        const { hits, misses, coalesced } = cache.stats();
        return hits + misses + coalesced;
      })
      .toBe(sent.length);
    const { saved, byModel, misses, coalesced, errors: failed } = cache.stats();
    const [without, journal] = [billFor(sent), spent(emulator)];
    expect({ misses, failed, coalesced }).toEqual({
      misses: journal.calls,
      failed: 0,
      coalesced: crowds.length * (CROWD - 1),
    });
    expect(saved.inputTokens + journal.inputTokens).toBe(without.inputTokens);
    expect(saved.outputTokens + journal.outputTokens).toBe(without.outputTokens);
    expect(saved.usd + journal.usd).toBeCloseTo(without.usd, 9);
    expect(saved).toMatchObject({ unknown: 0 });
    expect(saved.usd).toBeGreaterThan(journal.usd);
    for (const { model, saved: ofModel } of byModel) {
      const [all, made] = [sent, emulator.getRequests().map(({ body }) => callOf(body as ChatCompletionRequest))].map(
        (each) => billFor(each.filter((call) => call.model === model)),
      );
      expect([model, ofModel.inputTokens + (made?.inputTokens ?? 0)]).toEqual([model, all?.inputTokens]);
      expect(ofModel.usd + (made?.usd ?? 0)).toBeCloseTo(all?.usd ?? Number.NaN, 9);
    }
    expect(byModel.map(({ provider, model }) => `${provider} ${model}`)).toEqual([
      'anthropic claude-haiku-4-5',
      'deepseek deepseek-chat',
      'mistral mistral-large-latest',
      'openai gpt-4o',
      'openai gpt-4o-mini',
    ]);
    expect(errors).toEqual([]);
  });
});
