import { DONE, event } from './event-stream.ts';

/** Answers of one provider's form: good ones, of 3 tokens in and 4 out, and for each flaw one that has it. */
export interface ProviderForm {
  readonly name: string;
  readonly good: { readonly json: object; readonly events: readonly string[] };
  readonly flawed: readonly (readonly [reason: string, what: string, answer: Flawed])[];
}

interface Flawed {
  readonly json?: object;
  readonly events?: readonly string[];
}

const chat = (message: object, reason: string | null): object => ({
  id: 'c1',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: reason }],
  usage: { prompt_tokens: 3, completion_tokens: 4 },
});
const chunk = (delta: object, reason: string | null = null): string =>
  event({ id: 'c1', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: reason }] });
const hi = chunk({ role: 'assistant', content: 'Hi' });
const chatThat = (reason: string): Flawed => ({
  json: chat({ content: 'Hi' }, reason),
  events: [hi, chunk({}, reason), DONE],
});
const chatError = { error: { message: 'overloaded', type: 'server_error' } };
const counted = event({
  object: 'chat.completion.chunk',
  choices: [],
  usage: { prompt_tokens: 3, completion_tokens: 4 },
});
const goodChat = { json: chat({ content: 'Hi' }, 'stop'), events: [hi, chunk({}, 'stop'), counted, DONE] };
const emptyChat: Flawed = { json: chat({ content: '' }, 'stop'), events: [chunk({ content: '' }, 'stop'), DONE] };

const claude = (content: readonly object[], reason: string | null): object => ({
  type: 'message',
  role: 'assistant',
  content,
  stop_reason: reason,
  usage: { input_tokens: 3, output_tokens: 4 },
});
const text = { type: 'text', text: 'Hi' };
const typed = (type: string, rest: object = {}): string => event({ type, ...rest }, type);
const start = typed('message_start', { message: claude([], null) });
const block = [
  typed('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  typed('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi' } }),
  typed('content_block_stop', { index: 0 }),
];
const stopWith = (reason: string): string[] => [
  typed('message_delta', { delta: { stop_reason: reason }, usage: { output_tokens: 4 } }),
  typed('message_stop'),
];
const claudeThat = (reason: string): Flawed => ({
  json: claude([text], reason),
  events: [start, ...block, ...stopWith(reason)],
});

const message = { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] };
const refusal = { type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] };
const response = (status: string, output: readonly object[] = [message], rest: object = {}): object => ({
  object: 'response',
  status,
  output,
  usage: { input_tokens: 3, output_tokens: 4 },
  ...rest,
});
const created = typed('response.created', { response: response('in_progress', []) });
const delta = typed('response.output_text.delta', { delta: 'Hi' });
const ended = (type: string, json: object): Flawed & { json: object; events: string[] } => ({
  json,
  events: [created, delta, typed(`response.${type}`, { response: json })],
});
const incomplete = (reason: string): object => response('incomplete', [message], { incomplete_details: { reason } });

export const PROVIDERS: readonly ProviderForm[] = [
  {
    name: 'OpenAI chat',
    good: goodChat,
    flawed: [
      ['no-terminal-event', 'that breaks off', { json: chat({ content: 'Hi' }, null), events: [hi] }],
      ['in-band-error', 'with an error', { json: chatError, events: [hi, event(chatError), DONE] }],
      ['finish-length', 'cut by its length', chatThat('length')],
      ['content-filter', 'that was filtered', chatThat('content_filter')],
      [
        'refusal',
        'that refuses',
        {
          json: chat({ content: null, refusal: 'No.' }, 'stop'),
          events: [chunk({ refusal: 'No.' }), chunk({}, 'stop'), DONE],
        },
      ],
      ['empty', 'without content', emptyChat],
    ],
  },
  {
    name: 'Anthropic',
    good: { json: claude([text], 'end_turn'), events: [start, ...block, ...stopWith('end_turn')] },
    flawed: [
      ['no-terminal-event', 'that breaks off', { json: claude([text], null), events: [start, ...block] }],
      [
        'in-band-error',
        'with an error event',
        {
          json: { type: 'error', error: { type: 'overloaded_error' } },
          events: [start, typed('error', { error: { type: 'overloaded_error' } })],
        },
      ],
      ['finish-length', 'at max_tokens', claudeThat('max_tokens')],
      ['finish-length', 'at the end of its context window', claudeThat('model_context_window_exceeded')],
      ['refusal', 'that refuses', claudeThat('refusal')],
      ['empty', 'without content', { json: claude([], 'end_turn'), events: [start, ...stopWith('end_turn')] }],
    ],
  },
  {
    name: 'OpenAI Responses',
    good: ended('completed', response('completed')),
    flawed: [
      ['no-terminal-event', 'that breaks off', { json: response('in_progress'), events: [created, delta] }],
      ['in-band-error', 'that failed', ended('failed', response('failed'))],
      ['in-band-error', 'with an error event', { events: [created, typed('error', { message: 'overloaded' })] }],
      ['finish-length', 'at max_output_tokens', ended('incomplete', incomplete('max_output_tokens'))],
      ['content-filter', 'that was filtered', ended('incomplete', incomplete('content_filter'))],
      ['refusal', 'that refuses', ended('completed', response('completed', [refusal]))],
      [
        'refusal',
        'that refuses as it goes',
        {
          events: [
            created,
            typed('response.refusal.delta', { delta: 'No.' }),
            typed('response.completed', { response: response('completed') }),
          ],
        },
      ],
      ['empty', 'without output', ended('completed', response('completed', []))],
    ],
  },
  {
    name: 'Mistral',
    good: { json: goodChat.json, events: [hi, chunk({ content: '' }, 'stop'), counted, DONE] },
    flawed: [
      ['no-terminal-event', 'that breaks off', { json: chat({ content: 'Hi' }, null), events: [hi] }],
      ['in-band-error', 'that ended in an error', chatThat('error')],
      ['finish-length', "cut by the model's length", chatThat('model_length')],
      ['empty', 'without content', emptyChat],
    ],
  },
  {
    name: 'DeepSeek',
    good: {
      json: chat({ content: 'Hi', reasoning_content: 'Hm.' }, 'stop'),
      events: [': keep-alive\n\n', chunk({ reasoning_content: 'Hm.' }), hi, chunk({}, 'stop'), counted, DONE],
    },
    flawed: [
      [
        'no-terminal-event',
        'that breaks off while it reasons',
        { events: [': keep-alive\n\n', chunk({ reasoning_content: 'Hm.' })] },
      ],
      ['in-band-error', 'that ran out of resources', chatThat('insufficient_system_resource')],
      ['finish-length', 'cut by its length', chatThat('length')],
      ['content-filter', 'that was filtered', chatThat('content_filter')],
      [
        'empty',
        'that only reasoned',
        {
          json: chat({ content: '', reasoning_content: 'Hm.' }, 'stop'),
          events: [chunk({ reasoning_content: 'Hm.' }), chunk({}, 'stop'), DONE],
        },
      ],
    ],
  },
];
