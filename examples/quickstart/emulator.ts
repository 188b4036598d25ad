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

/** A stream comes in tokens of so many characters, so many a second. */
const TOKEN_CHARACTERS = 4;
const TOKENS_PER_SECOND = 45;

export async function startEmulator(): Promise<Emulator> {
  const emulator = new LLMock({ host: '127.0.0.1', port: 0 });
  const answer = async (request: ChatCompletionRequest): Promise<{ content: string }> => {
    const content = answerTo(request);
    // The emulator itself paces a stream.
    if (request.stream !== true) await sleep(FIRST_WORD_MS + content.split(' ').length * EACH_WORD_MS);
    return { content };
  };
  emulator.onMessage(/[^]*/, answer, {
    chunkSize: TOKEN_CHARACTERS,
    streamingProfile: { ttft: FIRST_WORD_MS, tps: TOKENS_PER_SECOND },
  });
  await emulator.start();
  return {
    baseURL: `${emulator.url}/v1`,
    calls: () => emulator.getRequests().filter(({ path }) => path === '/v1/chat/completions').length,
    stop: () => emulator.stop(),
  };
}

/** Counts where it is asked to; else the text's first words, as many as the instructions allow. */
function answerTo({ messages }: ChatCompletionRequest): string {
  const contents = messages.map(({ content }) => (typeof content === 'string' ? content : ''));
  const [, last] = /Count from 1 to (\d{1,3})\b/.exec(contents.at(-1) ?? '') ?? [];
  if (last !== undefined) return Array.from({ length: Number(last) }, (_, index) => index + 1).join(' ');
  const [instructions = '', text = instructions] = contents;
  const maxWords = Number(/at most (\d+) words/.exec(instructions)?.[1] ?? 40);
  const words = text.split(/\s+/);
  return words.length <= maxWords ? words.join(' ') : `${words.slice(0, maxWords).join(' ')} …`;
}
