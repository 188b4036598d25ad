/** The floor: what Node.js itself costs for reading the body and sending a ready Buffer, with no framework and no parsing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Contender } from '../contender.ts';
import { CONTENT_TYPES, numberIn } from '../site.ts';

/** Behind it comes nothing that has a `=`. */
const MARK = ' no=';

export const nodeHttp: Contender = {
  cannot: ({ redis, handlerMs, form }) => {
    if (redis !== undefined || handlerMs !== undefined) return 'it is the floor for answers in memory';
    return form === 'stream' ? 'it is the floor for whole answers' : undefined;
  },
  start: async ({ form }, { answers }) => {
    const send = (res: ServerResponse, n: number): void => {
      const body = answers.buffer(n);
      res.writeHead(200, { 'Content-Type': CONTENT_TYPES[form], 'Content-Length': body.length }).end(body);
    };
    return (req, res) => {
      if (req.method === 'GET') return send(res, numberIn(req.url ?? ''));
      read(req, (body) => {
        const from = body.lastIndexOf(MARK) + MARK.length;
        send(res, Number.parseInt(body.toString('latin1', from, from + 12), 10));
      });
    };
  },
};

function read(req: IncomingMessage, then: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.once('end', () => then(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
}
