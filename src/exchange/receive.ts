import { giveBody, LazyJson } from '../request/lazy-json.ts';
import { noteBytes } from '../request/body-bytes.ts';
import { readBody } from '../request/raw-body.ts';
import type { Exchange } from './exchange.ts';

/**
 * Reads the JSON body of a request that no parser has read; `req.body` parses it when it is first asked for. Whoever comes next finds
 * it as behind `express.json()`: undefined here means that it was no JSON or could not be read, and the error went to `next`.
 */
export async function receive(exchange: Exchange): Promise<Exchange | undefined> {
  const { req, route, next } = exchange;
  let bytes: Buffer;
  try {
    bytes = await readBody(req, route.bodyLimitBytes);
  } catch (error) {
    next(error);
    return undefined;
  }
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
