import { describe, expect, it } from 'vitest';
import { PARSED_AT_ONCE_BYTES, SLICE_BYTES } from '../../../src/policy/answer/read-answer.ts';
import { completenessInTurns, type Completeness } from '../../../src/policy/completeness.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const SSE = 'text/event-stream';
const NDJSON = 'application/x-ndjson';

/** What is said of an answer, which is said of the same answer too where it is so large that it is judged in turns. */
async function judged(type: string, body: Buffer, isComplete?: () => boolean): Promise<Completeness> {
  const said = await completenessInTurns(type, body, isComplete);
  const large = largeForm(type, body);
  if (large === undefined) return said;
  const pending = completenessInTurns(type, large, isComplete);
  expect(pending).toBeInstanceOf(Promise);
  expect(await pending).toEqual(said);
  return said;
}

/** The same with much in it that means nothing; undefined where there is no such form. */
function largeForm(type: string, body: Buffer): Buffer | undefined {
  if (type === SSE) return Buffer.concat([Buffer.from(': nothing\n'.repeat(50_000)), body]);
  if (type === NDJSON) return Buffer.concat([Buffer.alloc(300_000, '\n'), body]);
  const isRoomy = type === JSON_TYPE && /^[{["]/.test(body.toString());
  const room = Buffer.alloc(PARSED_AT_ONCE_BYTES, ' ');
  return isRoomy ? Buffer.concat([body.subarray(0, 1), room, body.subarray(1)]) : undefined;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sse(...events: (string | { event?: string; data: unknown })[]): Buffer {
  return Buffer.from(
    events
      .map((one) => {
        if (typeof one === 'string') return `data: ${one}\n\n`;
        const name = one.event === undefined ? '' : `event: ${one.event}\n`;
        return `${name}data: ${JSON.stringify(one.data)}\n\n`;
      })
      .join(''),
  );
}

const chat = (choice: object, rest: object = {}) => ({
  object: 'chat.completion',
  choices: [{ index: 0, ...choice }],
  ...rest,
});
const chunk = (delta: object, reason: string | null = null, index = 0) => ({
  data: { object: 'chat.completion.chunk', choices: [{ index, delta, finish_reason: reason }] },
});
const claude = (rest: object) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'Hi' }],
  ...rest,
});
const start = {
  event: 'message_start',
  data: {
    type: 'message_start',
    message: { role: 'assistant', content: [], usage: { input_tokens: 5, output_tokens: 1 } },
  },
};
const block = {
  event: 'content_block_start',
  data: { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
};
const delta = (reason: string) => ({
  event: 'message_delta',
  data: { type: 'message_delta', delta: { stop_reason: reason }, usage: { output_tokens: 9 } },
});
const stop = { event: 'message_stop', data: { type: 'message_stop' } };
const response = (rest: object) => ({
  object: 'response',
  status: 'completed',
  output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hi' }] }],
  ...rest,
});

describe('a JSON answer', () => {
  it.each([
    ['of an application of its own', { summary: 'Short.' }, undefined],
    ['that calls something else choices', { question: 'Which?', choices: ['a', 'b'] }, undefined],
    ['that calls something else message', { type: 'message', text: 'Hi' }, undefined],
    ['of OpenAI chat that stopped', chat({ message: { content: 'Hi' }, finish_reason: 'stop' }), undefined],
    [
      'of OpenAI chat that calls a tool',
      chat({ message: { content: null, tool_calls: [{ id: '1' }] }, finish_reason: 'tool_calls' }),
      undefined,
    ],
    [
      'of OpenAI chat that was cut by its length',
      chat({ message: { content: 'Hi' }, finish_reason: 'length' }),
      'finish-length',
    ],
    [
      'of Mistral that was cut by its length',
      chat({ message: { content: 'Hi' }, finish_reason: 'model_length' }),
      'finish-length',
    ],
    [
      'of DeepSeek that ran out of resources',
      chat({ message: { content: 'Hi' }, finish_reason: 'insufficient_system_resource' }),
      'in-band-error',
    ],
    ['that was filtered', chat({ message: { content: '' }, finish_reason: 'content_filter' }), 'content-filter'],
    ['that refuses', chat({ message: { content: null, refusal: 'No.' }, finish_reason: 'stop' }), 'refusal'],
    ['that is empty', chat({ message: { content: '' }, finish_reason: 'stop' }), 'empty'],
    ['with an unfinished choice', chat({ message: { content: 'Hi' }, finish_reason: null }), 'no-terminal-event'],
    ['that is an error under status 200', { error: { message: 'overloaded' } }, 'in-band-error'],
    ['with an error that is null', { error: null, text: 'Hi' }, undefined],
    ['of Anthropic that ended its turn', claude({ stop_reason: 'end_turn' }), undefined],
    ['of Anthropic at max_tokens', claude({ stop_reason: 'max_tokens' }), 'finish-length'],
    ['of Anthropic that refuses', claude({ stop_reason: 'refusal' }), 'refusal'],
    ['of Anthropic without content', claude({ content: [], stop_reason: 'end_turn' }), 'empty'],
    ['of OpenAI Responses that completed', response({}), undefined],
    [
      'of OpenAI Responses that is incomplete',
      response({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }),
      'finish-length',
    ],
    [
      'of OpenAI Responses that was filtered',
      response({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }),
      'content-filter',
    ],
    ['of OpenAI Responses that failed', response({ status: 'failed' }), 'in-band-error'],
    [
      'of OpenAI Responses that refuses',
      response({ output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }] }),
      'refusal',
    ],
    ['of OpenAI Responses with reasoning alone', response({ output: [{ type: 'reasoning', summary: [] }] }), 'empty'],
    ['of OpenAI Responses still queued', response({ status: 'queued' }), 'no-terminal-event'],
    [
      'of vLLM with an error',
      { object: 'error', message: 'Out of memory', type: 'Internal', code: 500 },
      'in-band-error',
    ],
    ['that is nothing but an error in words', { error: 'overloaded', code: 3, request_id: 'r' }, 'in-band-error'],
    ['of an application that calls something else error', { error: 'none', summary: 'Short.' }, undefined],
  ])('%s', async (_title, body, reason) => {
    expect((await judged(JSON_TYPE, json(body))).reason).toBe(reason);
  });

  const long = JSON.stringify({ text: 'x'.repeat(100_000) });
  it.each([
    ['that is no JSON', '{malformed: <<<>>>', 'no-terminal-event'],
    ['that is cut', '{"choices":[{"finish_reason":"stop"', 'no-terminal-event'],
    ['without a body', '', 'no-terminal-event'],
    ['that is long and cut', long.slice(0, -2), 'no-terminal-event'],
    ['that is long and whole', ` ${long}\n`, undefined],
    ['that is a word', 'null', undefined],
    ['that is a text', '"Hi"', undefined],
    ['that is a long list', `[${long}]`, undefined],
  ])('%s', async (_title, body, reason) => {
    expect((await judged(JSON_TYPE, Buffer.from(body))).reason).toBe(reason);
  });
});

describe('an event stream', () => {
  it.each([
    ['of OpenAI chat up to [DONE]', sse(chunk({ content: 'Hi' }), chunk({}, 'stop'), '[DONE]'), undefined],
    ['of OpenAI chat up to its finish chunk', sse(chunk({ content: 'Hi' }), chunk({}, 'stop')), undefined],
    [
      'with one of two choices unfinished',
      sse(chunk({ content: 'a' }), chunk({ content: 'b' }, null, 1), chunk({}, 'stop')),
      'no-terminal-event',
    ],
    ['of OpenAI chat that broke off', sse(chunk({ content: 'Hi' })), 'no-terminal-event'],
    ['cut by its length', sse(chunk({ content: 'Hi' }), chunk({}, 'length'), '[DONE]'), 'finish-length'],
    [
      'of vLLM with an error in it',
      sse(chunk({ content: 'Hi' }), { data: { object: 'error', message: 'Out of memory', code: 500 } }, '[DONE]'),
      'in-band-error',
    ],
    ['that refuses', sse(chunk({ refusal: 'No' }), chunk({}, 'stop'), '[DONE]'), 'refusal'],
    ['without content', sse(chunk({ role: 'assistant' }), chunk({}, 'stop'), '[DONE]'), 'empty'],
    [
      'with an error in it',
      sse(chunk({ content: 'Hi' }), { data: { error: { message: 'x' } } }, '[DONE]'),
      'in-band-error',
    ],
    ['of Anthropic up to message_stop', sse(start, block, delta('end_turn'), stop), undefined],
    ['of Anthropic that broke off', sse(start, block, delta('end_turn')), 'no-terminal-event'],
    ['of Anthropic at max_tokens', sse(start, block, delta('max_tokens'), stop), 'finish-length'],
    [
      'of Anthropic with an error event',
      sse(start, block, { event: 'error', data: { type: 'error' } }),
      'in-band-error',
    ],
    [
      'of OpenAI Responses up to response.completed',
      sse({ event: 'response.completed', data: { type: 'response.completed', response: response({}) } }),
      undefined,
    ],
    [
      'of OpenAI Responses that ended incomplete',
      sse({
        event: 'response.incomplete',
        data: { type: 'response.incomplete', response: response({ status: 'incomplete' }) },
      }),
      'finish-length',
    ],
    [
      'of OpenAI Responses that broke off',
      sse({
        event: 'response.created',
        data: { type: 'response.created', response: response({ status: 'in_progress' }) },
      }),
      'no-terminal-event',
    ],
    ['of an application of its own, up to [DONE]', sse('{"token":"Hi"}', '[DONE]'), undefined],
    ['of an application of its own, without an end', sse('{"token":"Hi"}'), 'no-terminal-event'],
    [
      'whose last event lacks its blank line',
      Buffer.from('data: {"token":"Hi"}\n\ndata: [DONE]\n'),
      'no-terminal-event',
    ],
  ])('%s', async (_title, body, reason) => {
    expect((await judged(SSE, body)).reason).toBe(reason);
  });

  it('that is a prefix of a whole one, cut anywhere before its last event, is never whole', async () => {
    const whole = sse(chunk({ content: 'Grüße 🎈' }), chunk({}, 'stop'));
    const isCut = async (end: number): Promise<void> => {
      const { reason } = await completenessInTurns(SSE, whole.subarray(0, end));
      expect(reason, `cut at ${end}`).toBe('no-terminal-event');
    };
    await Promise.all(Array.from({ length: whole.length }, (_, end) => isCut(end)));
    expect((await completenessInTurns(SSE, whole)).reason).toBeUndefined();
  });
});

describe('JSON lines', () => {
  it.each([
    [
      'of Ollama that is done',
      '{"message":{"content":"Hi"},"done":false}\n{"done":true,"done_reason":"stop"}\n',
      undefined,
    ],
    ['of Ollama that is not done', '{"message":{"content":"Hi"},"done":false}\n', 'no-terminal-event'],
    ['of Ollama cut by its length', '{"done":true,"done_reason":"length"}\n', 'finish-length'],
    ['of an application of its own', '{"a":1}\n{"a":2}\n', undefined],
    ['whose last line broke off', '{"a":1}\n{"a":', 'no-terminal-event'],
    ['with nothing in them', '', 'no-terminal-event'],
  ])('%s', async (_title, body, reason) => {
    expect((await judged(NDJSON, Buffer.from(body))).reason).toBe(reason);
  });
});

describe('what the route says of completeness', () => {
  it('takes the place of the terminal event, in both directions', async () => {
    expect((await judged(SSE, sse('{"token":"Hi"}'), () => true)).reason).toBeUndefined();
    expect((await judged(SSE, sse('[DONE]'), () => false)).reason).toBe('no-terminal-event');
    expect((await judged('text/plain', Buffer.from('Hi'), () => false)).reason).toBe('no-terminal-event');
  });

  it('does not make a flawed answer a good one', async () => {
    expect((await judged(SSE, sse(chunk({}, 'length')), () => true)).reason).toBe('finish-length');
  });
});

describe('the usage that an answer reports', () => {
  it.each([
    [
      'OpenAI chat',
      JSON_TYPE,
      json(
        chat(
          { message: { content: 'Hi' }, finish_reason: 'stop' },
          { usage: { prompt_tokens: 3, completion_tokens: 4 } },
        ),
      ),
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'an OpenAI chat stream',
      SSE,
      sse(
        chunk({ content: 'Hi' }, 'stop'),
        { data: { object: 'chat.completion.chunk', choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } } },
        '[DONE]',
      ),
      { inputTokens: 3, outputTokens: 4 },
    ],
    ['an Anthropic stream', SSE, sse(start, block, delta('end_turn'), stop), { inputTokens: 5, outputTokens: 9 }],
    [
      'OpenAI Responses',
      JSON_TYPE,
      json(response({ usage: { input_tokens: 3, output_tokens: 4 } })),
      { inputTokens: 3, outputTokens: 4 },
    ],
    [
      'OpenAI embeddings, which have no output',
      JSON_TYPE,
      json({ object: 'list', data: [], usage: { prompt_tokens: 8, total_tokens: 8 } }),
      { inputTokens: 8, outputTokens: 0 },
    ],
    [
      'an application that passes on the usage of the AI SDK',
      JSON_TYPE,
      json({ text: 'Short.', usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 } }),
      { inputTokens: 3, outputTokens: 4 },
    ],
    ['usage that is not counted in tokens', JSON_TYPE, json({ usage: { requests: 1 } }), undefined],
    [
      'OpenAI, with input read from its prompt cache',
      JSON_TYPE,
      json(
        chat(
          { message: { content: 'Hi' }, finish_reason: 'stop' },
          { usage: { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 5 } } },
        ),
      ),
      { inputTokens: 9, outputTokens: 4, cacheReadTokens: 5 },
    ],
    ['an application of its own', JSON_TYPE, json({ summary: 'Short.' }), undefined],
  ])('%s', async (_title, type, body, usage) => {
    expect((await judged(type, body)).usage).toEqual(usage);
  });
});

describe('the model that an answer names', () => {
  it.each([
    ['OpenAI chat', JSON_TYPE, json(chat({ message: { content: 'Hi' }, finish_reason: 'stop' }, { model: 'm-1' }))],
    ['an OpenAI chat stream', SSE, sse({ data: { ...chunk({ content: 'Hi' }, 'stop').data, model: 'm-1' } }, '[DONE]')],
    ['Anthropic', JSON_TYPE, json(claude({ stop_reason: 'end_turn', model: 'm-1' }))],
    ['OpenAI Responses', JSON_TYPE, json(response({ model: 'm-1' }))],
    ['embeddings', JSON_TYPE, json({ object: 'list', model: 'm-1', data: [], usage: { prompt_tokens: 8 } })],
    ['Ollama', NDJSON, Buffer.from('{"model":"m-1","done":false}\n{"model":"m-1","done":true}\n')],
  ])('%s', async (_title, type, body) => {
    expect((await judged(type, body)).model).toBe('m-1');
  });

  it('is none where it names none', async () => {
    expect(await judged(JSON_TYPE, json(chat({ message: { content: 'Hi' }, finish_reason: 'stop' })))).toEqual({});
    expect(await judged(JSON_TYPE, json({ model: 'm-1' }))).toEqual({});
  });
});

describe('a large answer', () => {
  const content = 'x'.repeat(2 * PARSED_AT_ONCE_BYTES);
  const finished = chat({ message: { content }, finish_reason: 'stop' }, { usage: { prompt_tokens: 3 } });
  it.each([
    ['document', JSON_TYPE, json(finished)],
    ['event', SSE, sse(JSON.stringify(finished))],
    ['line', NDJSON, json(finished)],
  ])('is judged in turns where it is one %s with much in it', async (_form, type, body) => {
    const pending = completenessInTurns(type, body);
    expect(pending).toBeInstanceOf(Promise);
    expect(await pending).toEqual({ usage: { inputTokens: 3, outputTokens: 0 } });
    expect((await completenessInTurns(type, body.subarray(0, -4))).reason).toBe('no-terminal-event');
  });

  it('is found flawed wherever in it the flaw is', async () => {
    const good = { index: 0, message: { content: 'x'.repeat(1_000) }, finish_reason: 'stop' };
    const choices = Array.from({ length: 2_000 }, (_, index) => ({ ...good, index }));
    const flawed = [...choices, { ...good, finish_reason: 'length' }, ...choices];
    expect((await completenessInTurns(JSON_TYPE, json({ object: 'chat.completion', choices }))).reason).toBeUndefined();
    expect((await completenessInTurns(JSON_TYPE, json({ object: 'chat.completion', choices: flawed }))).reason).toBe(
      'finish-length',
    );
  });

  it('that the route says is incomplete is that', async () => {
    const long = sse(...Array.from({ length: 20_000 }, () => chunk({ content: 'Hi there' })), '[DONE]');
    expect(await completenessInTurns(SSE, long)).toEqual({});
    expect((await completenessInTurns(SSE, long, () => false)).reason).toBe('no-terminal-event');
    await expect(
      completenessInTurns(SSE, long, () => {
        throw new Error('of the route');
      }),
    ).rejects.toThrow('of the route');
  });

  it('of multi-byte characters is read as it was sent, wherever a slice ends', async () => {
    const model = 'ü🎈€';
    const body = sse({ data: { ...chunk({ content: 'Hi' }, 'stop').data, model } }, '[DONE]');
    const nameAt = body.indexOf(model);
    const shifts = Array.from({ length: Buffer.byteLength(model) + 1 }, (_, shift) => shift);
    const read = shifts.map(async (shift) => {
      const before = `:${'a'.repeat(SLICE_BYTES - nameAt - shift - 2)}\n`;
      return completenessInTurns(SSE, Buffer.concat([Buffer.from(before), body]));
    });
    expect(await Promise.all(read)).toEqual(shifts.map(() => ({ model })));
  });
});
