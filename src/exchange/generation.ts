import { labelsOf } from '../request/labels.ts';
import type { KeyedExchange } from './exchange.ts';
import type { Asked } from './make-entry.ts';

/** Requests that ask after something was invalidated share no answer with those that asked before: their generations differ. */
export function generationOf({ parts, request, key, variant }: Asked & Pick<KeyedExchange, 'variant'>): string {
  const labels = labelsOf(request, []);
  const primary = variant === undefined ? {} : { primary: variant.primary.digest };
  return parts.invalidation.generation({ digest: key.digest, labels: { ...labels, ...primary } });
}

/** The name of the flight of this process that such a request may join. */
export function flightOf(asked: Asked & Pick<KeyedExchange, 'variant'>): string {
  return `${asked.key.digest} ${generationOf(asked)}`;
}
