/** What the bench of the event loop sends and is sent. */
import { prose } from './prose.ts';

/** `search`: many small members, the most work a byte; `stream`: a chat completion, event by event. */
export const ANSWER_FORMS = ['chat', 'vectors', 'search', 'text', 'stream'] as const;
export type AnswerForm = (typeof ANSWER_FORMS)[number];

export const REQUEST_FORMS = ['prompt', 'messages', 'vectors'] as const;
export type RequestForm = (typeof REQUEST_FORMS)[number];

const MODEL = 'gpt-4o-mini';
const usage = { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 };
const MEGABYTE = 1_000_000;

/** What `res.json` gets; `text` and `stream` are sent as they are. */
export function answerOf(form: AnswerForm, bytes: number): unknown {
  switch (form) {
    case 'chat':
      return {
        id: 'chatcmpl-1',
        object: 'chat.completion',
        model: MODEL,
        choices: [{ index: 0, message: { role: 'assistant', content: words(bytes) }, finish_reason: 'stop' }],
        usage,
      };
    case 'vectors':
      return { object: 'list', model: MODEL, data: vectors(bytes), usage };
    case 'search':
      return { results: Array.from({ length: bytes / 40 }, (_, id) => ({ id, score: id / 7, ok: true })), usage };
    default:
      return words(bytes);
  }
}

/** The events of a stream, one for some tokens. */
export function eventsOf(bytes: number): readonly string[] {
  const some = words(6_400).match(/.{64}/g) ?? [];
  const length = eventOf(some[0] ?? '', null).length;
  const events = Array.from({ length: bytes / length }, (_, index) => eventOf(some[index % some.length] ?? '', null));
  return [...events, eventOf('', 'stop'), 'data: [DONE]\n\n'];
}

function eventOf(content: string, reason: string | null): string {
  const choices = [{ index: 0, delta: { content }, finish_reason: reason }];
  const chunk = {
    id: 'chatcmpl-0123456789',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: MODEL,
    choices,
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

/** `no`: what makes it another request. */
export function requestOf(form: RequestForm, bytes: number, no: string): string {
  const id = { model: MODEL, user: no };
  if (form === 'prompt') return JSON.stringify({ ...id, text: words(bytes) });
  if (form === 'vectors') return JSON.stringify({ ...id, input: vectors(bytes).map(({ embedding }) => embedding) });
  const content = words(500);
  const messages = Array.from({ length: bytes / 540 }, (_, index) => ({
    role: index % 2 ? 'user' : 'assistant',
    content,
  }));
  return JSON.stringify({ ...id, messages });
}

function vectors(bytes: number): readonly { readonly embedding: readonly number[] }[] {
  const dimensions = 1_536;
  return Array.from({ length: Math.max(1, bytes / (20.4 * dimensions)) }, (_, index) => ({
    object: 'embedding',
    index,
    embedding: Array.from({ length: dimensions }, (_number, at) => Math.sin(index * dimensions + at)),
  }));
}

function words(characters: number): string {
  return prose(Math.min(characters, MEGABYTE), 1)
    .repeat(Math.ceil(characters / MEGABYTE))
    .slice(0, characters);
}
