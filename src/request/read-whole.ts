import createError from 'http-errors';
import type { IncomingMessage } from 'node:http';

/**
 * Reads a body of announced length, in no content coding: what raw-body does, and its errors, without what it does for streams of
 * other kinds. It is on the way of every hit. `length`: no more than the limit.
 */
export function readWhole(req: IncomingMessage, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let received = 0;
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      leave();
      if (received === length) return resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
      const facts = { expected: length, length, received, type: 'request.size.invalid' };
      reject(createError(400, 'request size did not match content length', facts));
    };
    const onError = (error: Error): void => {
      leave();
      reject(error);
    };
    const onAborted = (): void => {
      leave();
      const facts = { code: 'ECONNABORTED', expected: length, length, received, type: 'request.aborted' };
      reject(createError(400, 'request aborted', facts));
    };
    const leave = (): void => {
      req.off('data', onData).off('end', onEnd).off('error', onError).off('aborted', onAborted);
    };
    req.on('aborted', onAborted).on('error', onError).on('end', onEnd).on('data', onData);
  });
}
