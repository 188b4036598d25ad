/** Providers for those who have no keys: @copilotkit/aimock speaks OpenAI's and Anthropic's protocols on a free port of this machine. */
import { LLMock } from '@copilotkit/aimock';
import type { ChatCompletionRequest } from '@copilotkit/aimock';
import { setTimeout as sleep } from 'node:timers/promises';
import { emulatedEmbeddings } from './emulated-embeddings.ts';

export interface Emulator {
  readonly url: string;
  /** Requests it has answered so far, from its own journal. */
  calls(): number;
  stop(): Promise<void>;
}

const ANSWER =
  'A gateway passes on what it is asked and what it is told, and remembers both for the next one who asks.';

/** A small model needs about as long until its first token, and for a whole answer; it makes so many tokens a second. */
const FIRST_TOKEN_MS = 200;
const WHOLE_MS = 500;
const PACE = { chunkSize: 4, streamingProfile: { ttft: FIRST_TOKEN_MS, tps: 90 } };

export async function startEmulator(): Promise<Emulator> {
  const emulator = new LLMock({ host: '127.0.0.1', port: 0 });
  emulator.onMessage(/[^]*/, answerTo, PACE);
  emulator.mount('/v1/embeddings', emulatedEmbeddings());
  await emulator.start();
  return {
    url: emulator.url,
    calls: () => emulator.getRequests().length,
    stop: () => emulator.stop(),
  };
}

async function answerTo({ stream }: ChatCompletionRequest): Promise<{ content: string }> {
  // The emulator itself paces a stream.
  if (stream !== true) await sleep(WHOLE_MS);
  return { content: ANSWER };
}
