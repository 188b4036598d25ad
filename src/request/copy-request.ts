import type { AIRequest } from './ai-request.ts';

/**
 * A copy that shares nothing with this request but members of other names: whoever has the one does not change the other.
 * The request must be keyable: what is not JSON cannot be copied.
 */
export function copyOf<R extends AIRequest>(request: R): R {
  const { options, vary, tags } = request;
  return {
    ...request,
    ...(options === undefined ? {} : { options: structuredClone(options) }),
    ...(vary === undefined ? {} : { vary: { ...vary } }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
  };
}
