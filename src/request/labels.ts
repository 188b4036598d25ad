import type { EntryLabels } from '../entry/entry.ts';
import type { AIRequest } from './ai-request.ts';
import { FramedHash } from './framed-hash.ts';

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
  const target = targetLabelOf(request);
  return {
    ...modelOf(request),
    ...(request.operation === undefined ? {} : { operation: request.operation }),
    ...(request.collection === undefined ? {} : { collection: request.collection }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(target === undefined ? {} : { target }),
  };
}

/** Only what a GET has stored is invalidated by what changes at its URL (RFC 9111 §4.4). */
export function targetLabelOf({ target }: Pick<AIRequest, 'target'>): string | undefined {
  return target?.startsWith('GET ') === true ? targetDigest(target) : undefined;
}

/** What stands for a target (`GET https://host/path?query`) in the indexes of invalidation. */
export function targetDigest(target: string): string {
  return new FramedHash('sha256').add('u', target).digest();
}
