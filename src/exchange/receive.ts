import { giveBody, LazyJson } from '../request/lazy-json.ts';
import { noteBytes } from '../request/body-bytes.ts';
import { readBody } from '../request/raw-body.ts';
import type { Exchange } from './exchange.ts';

/**
 * Reads the JSON body of a request that no parser has read; `req.body` parses it when it is first asked for. Whoever comes next finds
 * it as behind `express.json()`. What could not be read goes to `next` as an error, and no further.
 */
export function receive(exchange: Exchange, go: (received: Exchange) => void | Promise<void>): Promise<void> {
  const { req, route, next } = exchange;
  return readBody(req, route.bodyLimitBytes).then((bytes) => go(received(exchange, bytes)), next);
}

function received(exchange: Exchange, bytes: Buffer): Exchange {
  const { req, next } = exchange;
  const json = new LazyJson(bytes);
  noteBytes(req, bytes);
  giveBody(req, json);
  return { ...exchange, next: (error?: unknown) => next(error ?? whyNotJson(json)) };
}

function whyNotJson(json: LazyJson): unknown {
  try {
    json.value();
    return undefined;
  } catch (error) {
    return error;
  }
}
