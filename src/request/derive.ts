import type { AIRequest } from './ai-request.ts';
import { operationOf } from './operation.ts';
import { providerOf } from './provider.ts';

/** What follows from the rest of a request, and the names of it, for `vary`. */
export interface Derived {
  readonly fields: Pick<AIRequest, 'provider' | 'operation'>;
  readonly names: string;
}

/**
 * Provider and operation, where neither the route nor the request says them.
 *
 * They are labels that stand in the key; the key must then tell them from the same words in a body, which a handler can read. So
 * their names go into the key too.
 *
 * @param isDescribedHere By the default description: another one says itself what the operation is.
 */
export function derive(request: AIRequest, target: string, isDescribedHere: boolean): Derived {
  const path = pathOf(target);
  const provider = request.provider === undefined ? providerOf(path, request.model) : undefined;
  const operation =
    request.operation === undefined && isDescribedHere ? operationOf(path, request.options ?? {}) : undefined;
  const fields = {
    ...(provider === undefined ? {} : { provider }),
    ...(operation === undefined ? {} : { operation }),
  };
  return { fields, names: Object.keys(fields).join(' ') };
}

/** `/path` of `POST https://host/path?query`: neither scheme nor authority has a slash. */
function pathOf(target: string): string {
  const start = target.indexOf('/', target.indexOf('://') + 3);
  const end = target.indexOf('?', start);
  return start === -1 ? '' : target.slice(start, end === -1 ? undefined : end);
}
