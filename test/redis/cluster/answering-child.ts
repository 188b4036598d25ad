/** An app in a process of its own, one fill per key with the others: `SteeredProcess` starts it. */
import express, { type RequestHandler, type Response } from 'express';
import { AIResponseCache } from '../../../src/ai-response-cache.ts';
import { aiCache } from '../../../src/middleware.ts';
import { hold, serveToParent, settings, tell } from '../../support/steered-child.ts';

export interface AnsweringSettings {
  readonly redis: string;
}

/** What every request sends: what it asks about is its key, and what it is held by. */
interface Asked {
  readonly about: string;
}

const PIECES = 40;

const { redis } = settings() as AnsweringSettings;
const cache = new AIResponseCache({
  redis,
  // A machine that is busy with hundreds of requests at once is not Redis being away.
  redisTimeoutMs: 10_000,
  coalesce: { across: 'cluster' },
  telemetry: false,
  onError: (error) => tell('error', error.code),
});

const aboutOf = (body: unknown): string => (body as Asked).about;

/** Who answers can be seen in every answer. */
function pieceOf(about: string, index: number): string {
  return JSON.stringify({ about, by: process.pid, index, text: '→ Grüße '.repeat(index % 7) });
}

type Answer = (about: string, res: Response, held: () => Promise<void>) => Promise<unknown>;

const answers: Readonly<Record<string, Answer>> = {
  /** Held before there is anything. */
  whole: async (about, res, held) => {
    await held();
    return res.json(Array.from({ length: PIECES }, (_, index) => pieceOf(about, index)));
  },
  /** Held half way through a body of known length. */
  half: async (about, res, held) => {
    const body = Buffer.from(JSON.stringify(Array.from({ length: PIECES }, (_, index) => pieceOf(about, index))));
    res.type('json').setHeader('Content-Length', body.length);
    res.write(body.subarray(0, body.length / 2));
    await held();
    return res.end(body.subarray(body.length / 2));
  },
  /** Held half way through its events. */
  stream: (about, res, held) => sendEvents(about, res, held, PIECES / 2),
  /** Held when there is a head and no event yet. */
  head: (about, res, held) => sendEvents(about, res, held, 0),
};

async function sendEvents(about: string, res: Response, held: () => Promise<void>, before: number): Promise<void> {
  res.type('text/event-stream').flushHeaders();
  const send = (from: number, to: number): void => {
    for (let index = from; index < to; index += 1) res.write(`data: ${pieceOf(about, index)}\n\n`);
  };
  send(0, before);
  await held();
  send(before, PIECES);
  res.end('data: [DONE]\n\n');
}

const handlerOf = (answer: Answer): RequestHandler => {
  return async (req, res) => {
    const about = aboutOf(req.body);
    tell('run', about);
    await answer(about, res, () => hold(about));
  };
};

const skip: NonNullable<Parameters<typeof aiCache>[0]>['skip'] = (req) => {
  tell('arrived', aboutOf(req.body));
  return false;
};

const app = express();
for (const [path, answer] of Object.entries(answers)) {
  app.post(`/${path}`, express.json(), aiCache({ cache, skip }), handlerOf(answer));
}
await serveToParent(app, cache);
