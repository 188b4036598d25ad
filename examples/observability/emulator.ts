/** A provider for those who have none: @copilotkit/aimock speaks OpenAI's protocol on a free port of this machine. */
import { LLMock } from '@copilotkit/aimock';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Emulator {
  /** Where the `openai` SDK finds it. */
  readonly baseURL: string;
  stop(): Promise<void>;
}

/** Asked for this it fails. */
export const FAILING = 'Please fail.';

/** Milliseconds: a fast model needs about as long. */
const LATENCY_MS = 120;

const STREAM = { chunkSize: 12, streamingProfile: { ttft: LATENCY_MS, tps: 100 } };

export async function startEmulator(): Promise<Emulator> {
  const emulator = new LLMock({ host: '127.0.0.1', port: 0 });
  emulator.onMessage(FAILING, { status: 503, error: { message: 'Fails on demand.', type: 'on_demand' } });
  emulator.onMessage(/[^]*/, answer, STREAM);
  await emulator.start();
  return { baseURL: `${emulator.url}/v1`, stop: () => emulator.stop() };
}

async function answer({ stream }: { stream?: boolean }): Promise<{ content: string }> {
  // The emulator itself paces a stream.
  if (stream !== true) await sleep(LATENCY_MS);
  return { content: 'Somebody has asked this before, and the answer was kept. '.repeat(30) };
}
