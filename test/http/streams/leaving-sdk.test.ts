import { LLMock } from '@copilotkit/aimock';
import OpenAI from 'openai';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AIRouteOptions } from '../../../src/config/route-options.ts';
import { aiCacheContext } from '../../../src/exchange/context.ts';
import { expressVersions } from '../../support/express.ts';
import { wireClient } from '../../support/wire-client.ts';
import { notStored } from './event-stream.ts';
import { leavingSite } from './leaving-site.ts';

const ANSWER = 'one two three four five six seven eight nine ten';

/** An OpenAI on this machine that sends so many tokens a second, and its client. */
async function provider(tps: number): Promise<{ openai: OpenAI; calls(): number }> {
  const emulator = new LLMock({ host: '127.0.0.1', port: 0 });
  emulator.onMessage(/[^]*/, { content: ANSWER }, { chunkSize: 4, streamingProfile: { ttft: 1, tps } });
  await emulator.start();
  onTestFinished(() => emulator.stop());
  const openai = new OpenAI({ baseURL: `${emulator.url}/v1`, apiKey: 'none', maxRetries: 0 });
  return { openai, calls: () => emulator.getRequests().length };
}

describe.each(expressVersions)('a stream of the openai SDK on $name', ({ express }) => {
  async function chatSite(route: AIRouteOptions, tps: number) {
    const { openai, calls } = await provider(tps);
    const leaving = await leavingSite(
      express,
      async (req, res) => {
        const signal = aiCacheContext(req)?.signal as AbortSignal;
        const { model, messages } = req.body as Pick<OpenAI.ChatCompletionCreateParams, 'model' | 'messages'>;
        const stream = await openai.chat.completions.create({ model, messages, stream: true }, { signal });
        res.type('text/event-stream');
        for await (const chunk of stream) res.write(`data: ${JSON.stringify(chunk)}\n\n`);
        res.end('data: [DONE]\n\n');
      },
      { route },
    );
    return { ...leaving, calls };
  }

  const json = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Count.' }] };

  it('whose client leaves is read to its end and stored', async () => {
    const { site, left, ends, calls } = await chatSite({}, 400);
    const client = await wireClient(site.port, { json });
    const begun = await client.has(1);
    client.leave();
    await left.reached(1);
    expect(await ends[0]).toBeUndefined();
    const next = await site.ask({ json });
    expect(next.cacheStatus).toMatch(/hit/);
    expect(next.text.startsWith(begun.text)).toBe(true);
    const deltas = next.text.matchAll(/"delta":\{[^}]*"content":"([^"]*)"/g);
    expect([...deltas].map(([, content]) => content).join('')).toBe(ANSWER);
    expect([site.runs, calls()]).toEqual([1, 1]);
  });

  it('whose client leaves alone is aborted where the route says so', async () => {
    const { site, ends, calls } = await chatSite({ onClientDisconnect: 'abort' }, 0.1);
    const client = await wireClient(site.port, { json });
    await client.has(1);
    client.leave();
    // The next token would take ten seconds.
    await ends[0];
    await expect.poll(() => notStored(site)).toEqual({ unfinished: 1 });
    expect((await site.cache.info()).fillsActive).toBe(0);
    expect([site.runs, calls()]).toEqual([1, 1]);
  });
});
