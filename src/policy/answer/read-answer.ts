import { createParser } from 'eventsource-parser';
import { FactGatherer, isText, membersOf, type AnswerFacts, type Members } from './answer-facts.ts';
import { readAnthropic } from './anthropic.ts';
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
export function readAnswer(form: AnswerForm, body: Buffer): AnswerFacts {
  const gatherer = new FactGatherer();
  if (form === 'json') readJson(body, gatherer);
  if (form === 'sse') readEvents(body, gatherer);
  if (form === 'ndjson') readLines(body, gatherer);
  return gatherer.facts();
}

/** Words that every provider's answer has one of: a body without them says nothing of its end but that it is JSON. */
const MARKS = ['"choices"', '"stop_reason"', '"response"', '"error"', '"usage"'];

/** A longer body without a mark is not parsed, bytes: that it begins and ends as JSON does has to do. */
const MAX_PARSED_BYTES = 65_536;

function readJson(body: Buffer, gatherer: FactGatherer): void {
  const hasMark = MARKS.some((mark) => body.includes(mark));
  const isParsed = hasMark || body.length <= MAX_PARSED_BYTES;
  const document = isParsed ? parsed(body.toString('utf8')) : undefined;
  // No client can read it, whoever made it: it has not ended as JSON must.
  if (isParsed ? document === undefined : !hasBothEnds(body)) gatherer.isKnown = true;
  else if (hasMark) readDocument(document, gatherer, new Set());
}

function hasBothEnds(body: Buffer): boolean {
  const first = body.subarray(0, 16).toString('latin1').trim().at(0);
  const last = body.subarray(-16).toString('latin1').trim().at(-1);
  return ['{}', '[]', '""'].includes(`${first}${last}`);
}

/** An event without its blank line is lost to every client (WHATWG HTML §9.2.6), so it does not count as an end. */
function readEvents(body: Buffer, gatherer: FactGatherer): void {
  const openChoices = new Set<unknown>();
  const parser = createParser({
    onEvent: ({ event, data }) => {
      if (data === '[DONE]') gatherer.isDone = true;
      else if (event === 'error') gatherer.flaw('in-band-error');
      else readDocument(parsed(data), gatherer, openChoices);
    },
  });
  parser.feed(body.toString('utf8'));
}

function readLines(body: Buffer, gatherer: FactGatherer): void {
  const lines = body
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const documents = lines.map(parsed);
  const openChoices = new Set<unknown>();
  for (const document of documents) {
    // Ollama's errors are plain texts.
    if (isText(membersOf(document)?.error)) gatherer.flaw('in-band-error');
    readDocument(document, gatherer, openChoices);
  }
  const last = membersOf(documents.at(-1));
  // Ollama says `done`; lines of no known shape are whole where the last of them is.
  if (typeof last?.done === 'boolean') readOllama(last, gatherer);
  else if (!gatherer.isKnown) gatherer.isEnded = documents.at(-1) !== undefined;
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
