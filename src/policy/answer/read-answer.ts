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

/** Words that every provider's answer has one of: without them a large body need not be parsed. */
const MARKS = ['"choices"', '"stop_reason"', '"response"', '"error"', '"usage"'];

function readJson(body: Buffer, gatherer: FactGatherer): void {
  if (MARKS.some((mark) => body.includes(mark))) readDocument(parsed(body.toString('utf8')), gatherer, new Set());
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

/** As the providers report errors: an application may well call something else `error`. */
function isError({ type, error }: Members): boolean {
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
