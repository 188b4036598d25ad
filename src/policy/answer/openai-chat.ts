import { isText, listIn, membersOf, type FactGatherer, type Flaw, type Members } from './answer-facts.ts';
import { readUsage } from './usage.ts';

/** Finish reasons that are no good end: OpenAI's, Mistral's (`model_length`, `error`) and DeepSeek's (`insufficient_system_resource`). */
const FLAWS: Readonly<Record<string, Flaw>> = {
  length: 'finish-length',
  model_length: 'finish-length',
  content_filter: 'content-filter',
  insufficient_system_resource: 'in-band-error',
  error: 'in-band-error',
};

/** On the wire, and in the objects that Mistral's SDK makes of it. */
const FINISH_REASONS = ['finish_reason', 'finishReason'] as const;

/** Reads a chat or text completion, or one chunk of its stream, as OpenAI, Mistral, DeepSeek and the many compatible APIs send it. */
export function readChat(document: Members, gatherer: FactGatherer, openChoices: Set<unknown>): boolean {
  if (!isChat(document)) return false;
  gatherer.isKnown = true;
  const choices = listIn(document, 'choices');
  for (const choice of choices) readChoice(choice, gatherer, openChoices);
  // Another choice may open after the first has finished.
  if (choices.length > 0) gatherer.isEnded = openChoices.size === 0;
  gatherer.model(document.model);
  readUsage(document.usage, gatherer);
  return true;
}

/** An application may well call something else `choices`. */
function isChat(document: Members): boolean {
  const { object, choices } = document;
  if (!Array.isArray(choices)) return false;
  const isNamed = typeof object === 'string' && /^(?:chat\.completion|text_completion)/.test(object);
  return (
    isNamed || listIn(document, 'choices').some((choice) => FINISH_REASONS.some((name) => Object.hasOwn(choice, name)))
  );
}

function readChoice(choice: Members, gatherer: FactGatherer, openChoices: Set<unknown>): void {
  const { index = 0 } = choice;
  const reason = choice.finish_reason ?? choice.finishReason;
  openChoices.add(index);
  const message = membersOf(choice.message) ?? membersOf(choice.delta) ?? {};
  if (isText(message.refusal)) gatherer.flaw('refusal');
  if (hasContent(message) || isText(choice.text)) gatherer.hasContent = true;
  if (!isText(reason)) return;
  openChoices.delete(index);
  const flaw = Object.hasOwn(FLAWS, reason) ? FLAWS[reason] : undefined;
  if (flaw !== undefined) gatherer.flaw(flaw);
}

function hasContent(message: Members): boolean {
  const { content, tool_calls, toolCalls = tool_calls, function_call: call, audio } = message;
  return (
    isText(content) ||
    isFilled(content) ||
    isFilled(toolCalls) ||
    membersOf(call) !== undefined ||
    membersOf(audio) !== undefined
  );
}

function isFilled(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}
