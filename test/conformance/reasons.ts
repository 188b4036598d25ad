const PARTIAL = 'Only whole answers are stored: a part of one is never kept, nor made whole.';
const AS_SENT = 'A handler may read the very text of a header: only what Node itself has joined counts as equal.';

/** Why a test of the suite does not pass, by its id: all required ones, and the optimal ones. */
export const REASONS: Readonly<Record<string, string>> = {
  'headers-store-Set-Cookie': "By design: a cookie is one user's, and an answer that sets one is never stored.",
  'headers-store-Content-Encoding':
    'The coding that the test names is no known one. Such a body cannot be checked, nor decoded for a client without it.',
  'headers-store-Content-Length':
    'The origin announces 10 bytes and sends 36: an answer that is not what its head says is never stored.',
  'other-set-cookie': "By design: a cookie is one user's, and an answer that sets one is never stored.",
  'method-POST': 'The answer of a POST is stored for equal POSTs, where the route asks for it, and never for a GET.',
  'vary-normalise-lang-order': AS_SENT,
  'vary-normalise-lang-case': AS_SENT,
  'vary-normalise-lang-space': AS_SENT,
  'vary-normalise-lang-select': AS_SENT,
  'vary-normalise-space': AS_SENT,
  'conditional-lm-fresh-no-lm':
    'The client names a time before the answer was made. A 304 would say that what it has is the same (RFC 9111 §4.3.2).',
  'partial-store-partial-reuse-partial': PARTIAL,
  'partial-store-partial-reuse-partial-byterange': PARTIAL,
  'partial-store-partial-reuse-partial-absent': PARTIAL,
  'partial-store-partial-reuse-partial-suffix': PARTIAL,
  'partial-store-partial-complete': PARTIAL,
};
