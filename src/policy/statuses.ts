/** Stored by the policy's lifetime, where the handler names none. */
const GOOD: ReadonlySet<number> = new Set([200, 201, 203, 204]);

/** May have a heuristic lifetime (RFC 9110 §15.1), partial content left out: a part is never stored. */
const HEURISTIC: ReadonlySet<number> = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Answers to a condition or a range, which are not in the key: they are for the one who asked (RFC 9110 §13, §14). */
const ASKERS_OWN: ReadonlySet<number> = new Set([206, 304, 412, 416]);

/** About one client or its connection: no cache may store them (RFC 6585 §3 to §6). */
const NEVER_STORED: ReadonlySet<number> = new Set([428, 429, 431, 511]);

/** Final statuses whose rules for caches this one knows and keeps (RFC 9110 §15, RFC 6585; RFC 9111 §3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409,
  410, 411, 413, 414, 415, 417, 421, 422, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505,
]);

export function isGood(status: number): boolean {
  return GOOD.has(status);
}

export function isHeuristic(status: number): boolean {
  return HEURISTIC.has(status);
}

export function isAskersOwn(status: number): boolean {
  return ASKERS_OWN.has(status);
}

export function isNeverStored(status: number): boolean {
  return NEVER_STORED.has(status);
}

export function isUnderstood(status: number): boolean {
  return UNDERSTOOD.has(status);
}

/** Did the handler fail, so that one more try is worth while (DESIGN D13)? */
export function isFailure(status: number): boolean {
  return status >= 500 || status === 429;
}
