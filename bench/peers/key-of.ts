/** The key that a user of a peer would make where it has none for bodies: the address and a digest of the parsed body. */
import type { Request } from 'express';
import { hash } from 'node:crypto';

export function keyOf(req: Request): string {
  if (req.method === 'GET') return req.originalUrl;
  return `${req.method}:${req.originalUrl}:${digestOf(req)}`;
}

export function digestOf(req: Request): string {
  return req.method === 'GET' ? '' : hash('sha256', JSON.stringify(req.body), 'base64url');
}
