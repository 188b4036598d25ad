import Negotiator from 'negotiator';
import type { IncomingMessage } from 'node:http';
import type { Coding } from '../entry/entry.ts';

/** Does the client take this content coding (RFC 9110 §12.5.3)? Without Accept-Encoding only identity is sent. */
export function acceptsCoding(req: IncomingMessage, coding: Coding): boolean {
  if (coding === 'identity') return true;
  if (req.headers['accept-encoding'] === undefined) return false;
  return new Negotiator(req).encodings([coding]).includes(coding);
}
