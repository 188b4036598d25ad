/** The route of a site: the same work whoever caches it. */
import type { Request, RequestHandler, Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Origin } from './contender.ts';
import { Answers, CONTENT_TYPES, numberIn, type Answer, type Site } from './site.ts';

export function originOf(site: Site): Origin {
  const answers = new Answers(site);
  let runs = 0;
  /** Calls `send` with the prompt's number, at once or after as long as a model thinks. */
  const think = (req: Request, send: (n: number) => void): void | Promise<void> => {
    runs += 1;
    const n = numberOf(req);
    if (site.handlerMs === undefined) return send(n);
    return sleep(site.handlerMs).then(() => send(n));
  };
  const ready: RequestHandler = (req, res) =>
    think(req, (n) => {
      if (site.form === 'stream') return stream(res, answers.chunks(n));
      res.setHeader('Content-Type', CONTENT_TYPES.json);
      res.send(answers.buffer(n));
    });
  const json: RequestHandler = (req, res) => think(req, (n) => void res.json(answers.object(n)));
  const answerTo = (n: number): Answer | Promise<Answer> => {
    runs += 1;
    if (site.handlerMs === undefined) return answers.object(n);
    return sleep(site.handlerMs).then(() => answers.object(n));
  };
  return { answers, runs: () => runs, ready, json, answerTo };
}

/** What is asked for: in the body's text, or at the end of the query. */
export function numberOf(req: Request): number {
  return numberIn(req.method === 'GET' ? req.url : (req.body as { text: string }).text);
}

function stream(res: Response, chunks: readonly string[]): void {
  res.setHeader('Content-Type', CONTENT_TYPES.stream);
  for (const chunk of chunks) res.write(chunk);
  res.end();
}
