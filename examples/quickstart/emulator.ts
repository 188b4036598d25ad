/** A provider for those who have none: @copilotkit/aimock speaks OpenAI's protocol on a free port of this machine. */
import { LLMock } from '@copilotkit/aimock';
import type { ChatCompletionRequest } from '@copilotkit/aimock';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Emulator {
  /** Where the `openai` SDK finds it. */
  readonly baseURL: string;
  /** Completions that were asked for, from the emulator's own journal. */
  calls(): number;
  stop(): Promise<void>;
}

/** A small model needs about as long: until its first word, and for each word after that. */
const FIRST_WORD_MS = 350;
const EACH_WORD_MS = 12;

export async function startEmulator(): Promise<Emulator> {
  const emulator = new LLMock({ host: '127.0.0.1', port: 0 });
  emulator.onMessage(/[^]*/, async (request) => {
    const content = answerTo(request);
    await sleep(FIRST_WORD_MS + content.split(' ').length * EACH_WORD_MS);
    return { content };
  });
  await emulator.start();
  return {
    baseURL: `${emulator.url}/v1`,
    calls: () => emulator.getRequests().filter(({ path }) => path === '/v1/chat/completions').length,
    stop: () => emulator.stop(),
  };
}

/** The text's first sentences, up to the number of words that the instructions allow. */
function answerTo({ messages }: ChatCompletionRequest): string {
  const [instructions = '', text = ''] = messages.map(({ content }) => (typeof content === 'string' ? content : ''));
  const maxWords = Number(/at most (\d+) words/.exec(instructions)?.[1] ?? 40);
  const words = text.split(/\s+/);
  return words.length <= maxWords ? words.join(' ') : `${words.slice(0, maxWords).join(' ')} …`;
}
