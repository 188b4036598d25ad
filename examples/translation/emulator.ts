/** A provider for those who have none: @copilotkit/aimock speaks the protocols of all four on a free port of this machine. */
import { LLMock } from '@copilotkit/aimock';
import type { ChatCompletionRequest } from '@copilotkit/aimock';

export interface Emulator {
  readonly url: string;
  /** It takes any. */
  readonly apiKey: string;
  /** Answers with this status from now on; undefined: translates again. */
  fail(status: number | undefined): void;
  /** How often it was asked, from the emulator's own journal. */
  calls(): number;
  stop(): Promise<void>;
}

export async function startEmulator(): Promise<Emulator> {
  const mock = new LLMock({ host: '127.0.0.1', port: 0 });
  let failing: number | undefined;
  mock.onMessage(/[^]*/, (request) =>
    failing === undefined
      ? { content: translationOf(request) }
      : { status: failing, retryAfter: 0, error: { message: 'Fails on demand.', type: 'on_demand' } },
  );
  await mock.start();
  return {
    url: mock.url,
    apiKey: 'none',
    fail: (status) => {
      failing = status;
    },
    calls: () => mock.getRequests().length,
    stop: () => mock.stop(),
  };
}

/** No translation, but one can see that it was meant for this language: `[fr] Good morning`. */
function translationOf({ messages }: ChatCompletionRequest): string {
  const contents = messages.map(({ content }) => (typeof content === 'string' ? content : ''));
  const [, to = '?'] = /^Translate the text from .+ to (.+)\.$/m.exec(contents.join('\n')) ?? [];
  return `[${to}] ${contents.at(-1) ?? ''}`;
}
