import type { NotStoredReason } from '../policy/storable.ts';
import type { BypassReason } from '../request/bypass.ts';

/** What each reason means, and what makes more hits of it. */
const REASONS: Readonly<Record<BypassReason | NotStoredReason | 'lease-lost' | 'no-tier', string>> = {
  method: 'Not one of the methods that the mount caches.',
  disabled: 'The cache is switched off.',
  range: 'A part of an answer was asked for.',
  'last-event-id': 'An event source came back for what it had missed.',
  upgrade: 'A WebSocket was asked for.',
  skip: 'The option skip said so.',
  'skip-failed': 'The option skip failed: see the recent errors.',
  unkeyable: 'No parser has read the body, or it has no exact JSON form. Mount express.json() in front of the cache.',
  undescribed: 'The option describe said so.',
  'describe-failed': 'The option describe failed: see the recent errors.',
  'option-failed': 'A function of an option failed: see the recent errors.',
  'scope-required': 'The request has a user, and the mount does not say who shares answers. Declare a scope.',
  'scope-failed': 'The option scope failed: see the recent errors.',
  'no-store': 'Cache-Control: no-store, by the handler or by the request.',
  'only-if-cached': 'The client wanted a stored answer or none (504).',
  private: 'The handler said Cache-Control: private. Leave it out: answers are kept apart by caller.',
  'no-cache': 'The handler said Cache-Control: no-cache without a validator. Use max-age, or give an ETag.',
  'no-lifetime': 'The answer has a lifetime of 0 seconds and no validator.',
  authorization:
    'A shared mount, a request with Authorization: the handler must say public, or leave the lifetime to the mount.',
  'set-cookie': 'The handler set a cookie. Set it in a middleware in front of the cache.',
  'vary-star': 'The handler said Vary: *. Name the headers.',
  vary: 'Vary names more than 16 headers that are not in the key.',
  status: 'Another status than 200, 201, 203 and 204, and no lifetime named.',
  error: 'The handler threw, or answered with 429 or 5xx.',
  unfinished: 'The answer did not come to its end.',
  'no-terminal-event': 'A stream did not end as its kind must. Say with isComplete how your own streams end.',
  'in-band-error': "A provider's error in an answer with the status 200.",
  'finish-length': 'The model was cut off at its token limit. Raise the limit, or let shouldStore keep it.',
  'content-filter': 'The provider filtered the answer.',
  refusal: 'The model refused.',
  empty: 'A completion without text and tool calls.',
  'too-large': 'The answer is larger than maxEntryBytes.',
  'content-encoding': 'The handler used a coding that the cache does not know.',
  trailer: 'The handler announced trailers.',
  context: 'The handler called noStore().',
  'should-store': 'The option shouldStore said so.',
  'should-store-failed': 'shouldStore or isComplete failed: see the recent errors.',
  'lease-lost': 'Redis was away too long while the answer was made.',
  'no-tier': 'No tier took it: too large for memory, or Redis is away.',
};

/** What a reason means; undefined for one that is not known here. */
export function meaningOf(reason: string): string | undefined {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as keyof typeof REASONS] : undefined;
}
