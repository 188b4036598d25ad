import type { Request } from 'express';
import { bodyOf } from '../request/body.ts';
import { Refusal } from './answer.ts';
import { bodyCut, bodyGone, bodyMissing, bodyTooLarge, encodedBody, malformedJson, notJson } from './problems.ts';

/** What is read here; a parser in front has a limit of its own. */
export const MAX_BODY_BYTES = 1_048_576;

/** The body of a request as JSON, whether or not a parser in front has read it. Rejects with a Refusal. */
export async function jsonBodyOf(req: Request): Promise<unknown> {
  if (!isJson(req.headers['content-type'])) throw new Refusal(notJson);
  const body = bodyOf(req);
  if (body.form === 'none') throw new Refusal(bodyMissing);
  if (body.form === 'object' || body.form === 'json') return body.value;
  if (body.form === 'text') return parsed(Buffer.from(body.value));
  if (body.form === 'bytes') return parsed(body.value);
  if (req.readableEnded) throw new Refusal(bodyGone);
  return parsed(await bytesOf(req));
}

function isJson(contentType = ''): boolean {
  const [type = '', ...parameters] = contentType.toLowerCase().split(';');
  const isUtf8 = parameters.every((parameter) => /^\s*(?:charset="?utf-8"?)?\s*$/.test(parameter));
  return type.trim() === 'application/json' && isUtf8;
}

function parsed(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new Refusal(bodyMissing);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new Refusal(malformedJson);
  }
}

/** Of a body that is too large the rest is let go by, so that the client hears why. */
function bytesOf(req: Request): Promise<Buffer> {
  const { 'content-encoding': encoding = 'identity', 'content-length': length } = req.headers;
  if (encoding !== 'identity') throw new Refusal(encodedBody);
  if (Number(length ?? 0) > MAX_BODY_BYTES) throw new Refusal(bodyTooLarge(MAX_BODY_BYTES));
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const collect = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    else reject(new Refusal(bodyTooLarge(MAX_BODY_BYTES)));
  };
  const whole = (): void => resolve(Buffer.concat(chunks));
  const cut = (): void => reject(new Refusal(bodyCut));
  req.on('data', collect).once('end', whole).once('close', cut).once('error', cut);
  return promise.finally(() => {
    req.off('data', collect).off('end', whole).off('close', cut).off('error', cut).resume();
  });
}
