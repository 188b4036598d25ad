import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type express from 'express';
import type { Express, Request } from 'express';
import type { RouteConfig } from '../../../src/config/route-config.ts';
import { listen } from '../../support/http.ts';

export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** The parsed options of a mount that says nothing. */
export const plainRoute: RouteConfig = {
  body: 'parsed',
  bodyLimitBytes: 102_400,
  varyHeaders: [],
  ignoreBodyFields: [],
  methods: ['GET', 'POST', 'QUERY'],
  requestDirectives: 'private',
  storeErrors: false,
  onClientDisconnect: 'finish',
  replay: { pace: 'instant' },
};

/** Sends a request to this app, over a socket, and resolves when it is answered. */
export async function ask(app: Express, { method = 'GET', path = '/', headers = {}, body }: Ask): Promise<void> {
  const listening = await listen(app);
  try {
    const sent = httpRequest({ host: '127.0.0.1', port: listening.port, method, path, headers, agent: false });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
  } finally {
    await listening.close();
  }
}

/** What `read` says of a request as a handler at the end of this app sees it. */
export async function readBy<T>(
  makeApp: typeof express,
  read: (req: Request) => T,
  sent: Ask,
  setUp: (app: Express) => void = () => undefined,
): Promise<T> {
  const app = makeApp();
  const results: T[] = [];
  setUp(app);
  app.use((req, res) => {
    results.push(read(req));
    res.end();
  });
  await ask(app, sent);
  if (results.length !== 1) throw new Error(`the handler ran ${results.length} times`);
  return results[0] as T;
}

/** A JSON body and its headers. */
export function json(value: unknown): Ask {
  const body = JSON.stringify(value);
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    body,
  };
}
