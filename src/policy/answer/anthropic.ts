import { isText, membersOf, type FactGatherer, type Flaw, type Members } from './answer-facts.ts';

const FLAWS: Readonly<Record<string, Flaw>> = {
  max_tokens: 'finish-length',
  model_context_window_exceeded: 'finish-length',
  // The model wants to go on in another call.
  pause_turn: 'finish-length',
  refusal: 'refusal',
};

/** Reads a message of Anthropic's Messages API, or one event of its stream. */
export function readAnthropic(document: Members, gatherer: FactGatherer): boolean {
  switch (document.type) {
    case 'message':
      if (document.role !== 'assistant' || !Array.isArray(document.content)) return false;
      readMessage(document, gatherer);
      gatherer.isEnded = isText(document.stop_reason);
      return true;
    case 'message_start':
      readMessage(membersOf(document.message) ?? {}, gatherer);
      return true;
    case 'content_block_start':
      gatherer.hasContent ||= membersOf(document.content_block)?.type !== 'thinking';
      return true;
    case 'message_delta':
      readStop(membersOf(document.delta)?.stop_reason, gatherer);
      readUsage(document.usage, gatherer);
      return true;
    case 'message_stop':
      gatherer.isEnded = true;
      return true;
    default:
      return ['ping', 'content_block_delta', 'content_block_stop'].includes(String(document.type));
  }
}

function readMessage(message: Members, gatherer: FactGatherer): void {
  gatherer.isKnown = true;
  gatherer.hasContent ||= Array.isArray(message.content) && message.content.length > 0;
  gatherer.model(message.model);
  readStop(message.stop_reason, gatherer);
  readUsage(message.usage, gatherer);
}

function readStop(reason: unknown, gatherer: FactGatherer): void {
  const flaw = typeof reason === 'string' && Object.hasOwn(FLAWS, reason) ? FLAWS[reason] : undefined;
  if (flaw !== undefined) gatherer.flaw(flaw);
}

function readUsage(usage: unknown, gatherer: FactGatherer): void {
  const counts = membersOf(usage);
  if (counts === undefined) return;
  const { input_tokens: input, cache_read_input_tokens: read, cache_creation_input_tokens: written } = counts;
  const total = [input, read, written].reduce<number>((sum, count) => sum + (typeof count === 'number' ? count : 0), 0);
  gatherer.usage(typeof input === 'number' ? total : undefined, counts.output_tokens);
  gatherer.cached(read, written);
}
