import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { arrivals } from '../support/arrivals.ts';

/** A request as the provider got it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Answers one request. The number counts from 1. */
export type Script = (res: ServerResponse, count: number, received: Received) => unknown;

export interface ScriptedUpstream {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves when so many requests have come. */
  came(count: number): Promise<void>;
  /** Resolves when so many requests have been broken off by the one who asked. */
  left(count: number): Promise<void>;
}

/** A provider that answers as a test says, over real sockets, until the test is over. */
export async function scriptedUpstream(script: Script): Promise<ScriptedUpstream> {
  const received: Received[] = [];
  const coming = arrivals();
  const leaving = arrivals();
  const server = createServer((req, res) => {
    res.once('close', () => {
      if (!res.writableFinished) leaving.note();
    });
    void buffer(req).then((body) => {
      const { method = '', url: path = '', headers } = req;
      const one = { method, path, headers, body };
      received.push(one);
      coming.note();
      return script(res, received.length, one);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, received, came: coming.reached, left: leaving.reached };
}

/** A whole answer as JSON. */
export function sendJson(
  res: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
