import { labelsOf } from '../request/labels.ts';
import type { Asked } from './make-entry.ts';

/** Requests that ask after something was invalidated share no answer with those that asked before: their generations differ. */
export function generationOf({ parts, request, key }: Asked): string {
  return parts.invalidation.generation({ digest: key.digest, labels: labelsOf(request, []) });
}

/** The name of the flight of this process that such a request may join. */
export function flightOf(asked: Asked): string {
  return `${asked.key.digest} ${generationOf(asked)}`;
}
