import { describe, expect, it } from 'vitest';
import { createParts } from '../../../src/cache-parts.ts';
import { parseCacheOptions } from '../../../src/config/parse.ts';
import type { KeyedExchange } from '../../../src/exchange/exchange.ts';
import { sparedByLive } from '../../../src/exchange/spared-by-live.ts';
import { LiveStream } from '../../../src/flight/live-stream.ts';
import { manualClock } from '../../support/manual-clock.ts';

const prices = { mine: { inputUsdPerMillion: 1_000, outputUsdPerMillion: 10_000 } };
const EVENTS = [
  { object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] },
  { object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 30, completion_tokens: 4 } },
].map((data) => `data: ${JSON.stringify(data)}\n\n`);

function exchangeOf(model: string): KeyedExchange {
  const parts = createParts(parseCacheOptions({ prices, telemetry: false }), manualClock());
  return { parts, request: { text: 'a', model } } as unknown as KeyedExchange;
}

function streamOf(pieces: readonly string[], maxBytes = 10_000): LiveStream {
  const live = new LiveStream({ status: 200, headers: [['Content-Type', 'text/event-stream']] }, maxBytes);
  // As long as somebody reads it, the last pieces are held.
  live.onChange(() => undefined);
  for (const piece of pieces) live.push(Buffer.from(piece));
  return live;
}

const whole = [...EVENTS, 'data: [DONE]\n\n'];

describe('what joining a stream of another process spared', () => {
  it('is what its own bytes say, at the price of the model', async () => {
    const live = streamOf(whole);
    live.end('complete');
    const usage = { inputTokens: 30, outputTokens: 4 };
    expect(await sparedByLive(exchangeOf('mine'), live)).toEqual({ usage, costUsd: 0.07 });
    expect(await sparedByLive(exchangeOf('nobody-knows'), live)).toEqual({ usage });
  });

  it.each<[string, () => LiveStream, 'complete' | 'cut' | undefined]>([
    ['runs', () => streamOf(whole), undefined],
    ['was cut', () => streamOf(whole), 'cut'],
    ['is no longer held as a whole', () => streamOf(whole, 125), 'complete'],
    ['does not say', () => streamOf(['data: [DONE]\n\n']), 'complete'],
  ])('is not known where it %s', async (_why, make, end) => {
    const live = make();
    if (end !== undefined) live.end(end);
    expect(await sparedByLive(exchangeOf('mine'), live)).toEqual({});
  });
});
