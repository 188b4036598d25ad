import { STATUS_CODES } from 'node:http';
import type { Response } from 'express';

/** Why a request is not answered (RFC 9457): `detail` for people, `parameter` the one at fault. */
export interface Problem {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 500 | 503;
  readonly detail: string;
  /** A query parameter, or the path of a field of the body. */
  readonly parameter?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem. */
export class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

export function sendJson(res: Response, body: unknown): void {
  send(res, 200, 'application/json; charset=utf-8', body);
}

/** The methods of a path, for OPTIONS (RFC 9110 §9.3.7). Nothing is said to other origins. */
export function sendMethods(res: Response, allow: string): void {
  if (res.headersSent || res.writableEnded) return;
  res.statusCode = 204;
  res.setHeader('Allow', allow);
  res.setHeader('Cache-Control', 'no-store');
  res.end();
}

export function sendProblem(res: Response, problem: Problem): void {
  if (res.headersSent || res.writableEnded) return;
  const { status, detail, parameter, headers = {} } = problem;
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  const title = STATUS_CODES[status];
  send(res, status, 'application/problem+json; charset=utf-8', {
    type: 'about:blank',
    title,
    status,
    detail,
    parameter,
  });
}

/** Without `res.json`: the app's settings would add an ETag, and with it answers of 304. */
function send(res: Response, status: number, contentType: string, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  if (res.headersSent || res.writableEnded) return;
  res.statusCode = status;
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Length', bytes.length);
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('X-Content-Type-Options', 'nosniff');
  res.end(bytes);
}
