import type { EntryLabels } from '../entry/entry.ts';
import type { AIRequest } from './ai-request.ts';

/** Provider and model of a request, for telemetry; absent where the request does not say. */
export function modelOf({ provider, model }: Pick<AIRequest, 'provider' | 'model'>): {
  provider?: string;
  model?: string;
} {
  return { ...(provider === undefined ? {} : { provider }), ...(model === undefined ? {} : { model }) };
}

/** What an entry made for this request is about; `moreTags` came while it was made. */
export function labelsOf(request: AIRequest, moreTags: Iterable<string>): EntryLabels {
  const tags = [...new Set([...(request.tags ?? []), ...moreTags])];
  return {
    ...modelOf(request),
    ...(request.operation === undefined ? {} : { operation: request.operation }),
    ...(request.collection === undefined ? {} : { collection: request.collection }),
    ...(tags.length === 0 ? {} : { tags }),
  };
}
