import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { Sliced } from '../../in-turns.ts';
import { FactGatherer, isText, membersOf, type AnswerFacts, type Members } from './answer-facts.ts';
import { readAnthropic } from './anthropic.ts';
import { jsonOutline } from './json-outline.ts';
import { readChat } from './openai-chat.ts';
import { readResponses } from './openai-responses.ts';
import { readUsage } from './usage.ts';

/** The form of an answer, by its media type. */
export type AnswerForm = 'json' | 'sse' | 'ndjson' | 'other';

const NDJSON_TYPES: ReadonlySet<string> = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
]);

export function formOf(contentType: string | undefined): AnswerForm {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/event-stream') return 'sse';
  if (NDJSON_TYPES.has(type)) return 'ndjson';
  return type === 'application/json' || type.endsWith('+json') ? 'json' : 'other';
}

/** What does this answer, in identity coding, say of itself? */
export function* readAnswer(form: AnswerForm, body: Buffer): Sliced<AnswerFacts> {
  const gatherer = new FactGatherer();
  if (form === 'json') yield* readJson(body, gatherer);
  if (form === 'sse') yield* readEvents(body, gatherer);
  if (form === 'ndjson') yield* readLines(body, gatherer);
  return gatherer.facts();
}

/** Words that every provider's answer has one of: a body without them says nothing of its end but that it is JSON. */
const MARKS = ['"choices"', '"stop_reason"', '"response"', '"error"', '"usage"'];
const LONGEST_MARK = Math.max(...MARKS.map((mark) => mark.length));

/** A longer body without a mark is not parsed, bytes: that it begins and ends as JSON does has to do. */
const MAX_PARSED_BYTES = 65_536;

/** JSON.parse takes up to 5 ms for so many bytes; of longer documents an outline is made. */
export const PARSED_AT_ONCE_BYTES = 1024 * 1024;

/** Of events and lines: 1 ms, several where the code is cold; of what is looked through for marks: 1 to 2 ms. */
export const SLICE_BYTES = 65_536;
const MARKS_SLICE_BYTES = 1024 * 1024;

function* readJson(body: Buffer, gatherer: FactGatherer): Sliced<void> {
  const hasMark = yield* includesMark(body);
  const isParsed = hasMark || body.length <= MAX_PARSED_BYTES;
  const document = isParsed ? yield* documentIn(body) : undefined;
  // No client can read it, whoever made it: it has not ended as JSON must.
  if (isParsed ? document === undefined : !hasBothEnds(body)) gatherer.isKnown = true;
  else if (hasMark) readDocument(document, gatherer, new Set());
}

function* includesMark(body: Buffer): Sliced<boolean> {
  for (let start = 0; start < body.length; start += MARKS_SLICE_BYTES) {
    if (start > 0) yield;
    const part = body.subarray(start, start + MARKS_SLICE_BYTES + LONGEST_MARK);
    if (MARKS.some((mark) => part.includes(mark))) return true;
  }
  return false;
}

function* documentIn(bytes: Buffer): Sliced<unknown> {
  return bytes.length > PARSED_AT_ONCE_BYTES ? yield* jsonOutline(bytes) : parsed(bytes.toString('utf8'));
}

function hasBothEnds(body: Buffer): boolean {
  const first = body.subarray(0, 16).toString('latin1').trim().at(0);
  const last = body.subarray(-16).toString('latin1').trim().at(-1);
  return ['{}', '[]', '""'].includes(`${first}${last}`);
}

/** An event without its blank line is lost to every client (WHATWG HTML §9.2.6), so it does not count as an end. */
function* readEvents(body: Buffer, gatherer: FactGatherer): Sliced<void> {
  const openChoices = new Set<unknown>();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => events.push(event) });
  for (let start = 0; start < body.length; start += SLICE_BYTES) {
    if (start > 0) yield;
    parser.feed(decoder.decode(body.subarray(start, start + SLICE_BYTES), { stream: true }));
    for (const { event, data } of events.splice(0)) {
      if (data === '[DONE]') gatherer.isDone = true;
      else if (event === 'error') gatherer.flaw('in-band-error');
      else if (data.length <= PARSED_AT_ONCE_BYTES) readDocument(parsed(data), gatherer, openChoices);
      else readDocument(yield* jsonOutline(Buffer.from(data)), gatherer, openChoices);
    }
  }
}

function* readLines(body: Buffer, gatherer: FactGatherer): Sliced<void> {
  const openChoices = new Set<unknown>();
  let last: unknown;
  let pauseAt = SLICE_BYTES;
  for (const line of linesOf(body)) {
    if (line.byteOffset - body.byteOffset >= pauseAt) {
      pauseAt += SLICE_BYTES;
      yield;
    }
    if (isBlank(line)) continue;
    last = yield* documentIn(line);
    // Ollama's errors are plain texts.
    if (isText(membersOf(last)?.error)) gatherer.flaw('in-band-error');
    readDocument(last, gatherer, openChoices);
  }
  const document = membersOf(last);
  // Ollama says `done`; lines of no known shape are whole where the last of them is.
  if (typeof document?.done === 'boolean') readOllama(document, gatherer);
  else if (!gatherer.isKnown) gatherer.isEnded = last !== undefined;
}

function* linesOf(body: Buffer): Generator<Buffer> {
  for (let start = 0; start < body.length;) {
    const found = body.indexOf(0x0a, start);
    const end = found === -1 ? body.length : found;
    yield body.subarray(start, end);
    start = end + 1;
  }
}

function isBlank(line: Buffer): boolean {
  const [first = 0] = line;
  const isInk = first > 0x20 && first < 0x80;
  return !isInk && line.toString('utf8').trim() === '';
}

function readOllama(last: Readonly<Record<string, unknown>>, gatherer: FactGatherer): void {
  gatherer.isKnown = true;
  gatherer.hasContent = true;
  gatherer.isEnded = last.done === true;
  if (last.done_reason === 'length') gatherer.flaw('finish-length');
  gatherer.model(last.model);
  gatherer.usage(last.prompt_eval_count, last.eval_count);
}

function readDocument(value: unknown, gatherer: FactGatherer, openChoices: Set<unknown>): void {
  const document = membersOf(value);
  if (document === undefined) return;
  if (isError(document)) return gatherer.flaw('in-band-error');
  const isRead =
    readChat(document, gatherer, openChoices) || readResponses(document, gatherer) || readAnthropic(document, gatherer);
  if (!isRead) readOther(document, gatherer);
}

/** An embedding, or whatever else has `usage`: its shape says nothing of its end, its counts count all the same. */
function readOther(document: Members, gatherer: FactGatherer): void {
  if (membersOf(document.usage) === undefined) return;
  gatherer.model(document.model);
  readUsage(document.usage, gatherer);
}

/** What nothing but a report of an error consists of. */
const REPORT_MEMBERS: ReadonlySet<string> = new Set([
  'code',
  'detail',
  'details',
  'error',
  'message',
  'object',
  'param',
  'request_id',
  'status',
  'success',
  'type',
]);

/** As the providers report errors: an application may well call something else `error`. */
function isError(document: Members): boolean {
  const { type, object, error, message } = document;
  // vLLM, also in the middle of its streams, and older servers of Mistral.
  if (object === 'error' && isText(message)) return true;
  if (isText(error)) return Object.keys(document).every((name) => REPORT_MEMBERS.has(name));
  const details = membersOf(error);
  if (details === undefined) return false;
  return type === 'error' || isText(details.message) || isText(details.type);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
