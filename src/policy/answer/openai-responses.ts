import { listIn, membersOf, type FactGatherer, type Members } from './answer-facts.ts';
import { readUsage } from './usage.ts';

/** Reads a response of OpenAI's Responses API, or one event of its stream. */
export function readResponses(document: Members, gatherer: FactGatherer): boolean {
  if (document.object === 'response') return readResponse(document, gatherer);
  const type = document.type;
  if (typeof type !== 'string' || !type.startsWith('response.')) return false;
  gatherer.isKnown = true;
  if (type === 'response.refusal.delta' || type === 'response.refusal.done') gatherer.flaw('refusal');
  const response = membersOf(document.response);
  const isLast = ['response.completed', 'response.incomplete', 'response.failed'].includes(type);
  if (isLast && response !== undefined) readResponse(response, gatherer);
  return true;
}

function readResponse(response: Members, gatherer: FactGatherer): boolean {
  gatherer.isKnown = true;
  const { status, usage, incomplete_details: details } = response;
  if (status === 'completed') gatherer.isEnded = true;
  if (status === 'failed' || status === 'cancelled') gatherer.flaw('in-band-error');
  if (status === 'incomplete') {
    gatherer.flaw(membersOf(details)?.reason === 'content_filter' ? 'content-filter' : 'finish-length');
  }
  for (const item of listIn(response, 'output')) {
    const contents = listIn(item, 'content');
    if (contents.some((content) => content.type === 'refusal')) gatherer.flaw('refusal');
    // Reasoning alone is no answer.
    if (item.type !== 'reasoning' && (item.type !== 'message' || contents.length > 0)) gatherer.hasContent = true;
  }
  gatherer.model(response.model);
  readUsage(usage, gatherer);
  return true;
}
