/** An Express app as the peers are mounted in. */
import express, { type Express, type RequestHandler } from 'express';

export function appWith(...handlers: RequestHandler[]): Express {
  return express().all('/ask', express.json({ limit: '1mb' }), ...handlers);
}

/** What those cannot that keep values, not responses. */
export const NO_STREAMS = 'it keeps values or whole bodies, no streams';

export const TTL_SECONDS = 86_400;
