import type { Request, RequestHandler, Response } from 'express';

export interface CountedHandler {
  readonly handler: RequestHandler;
  /** How often the handler was called. */
  readonly runs: number;
}

/** A handler that counts its runs: every test of the cache over HTTP asserts how many there were. */
export function countedHandler(answer: (req: Request, res: Response, run: number) => unknown): CountedHandler {
  let runs = 0;
  return {
    handler: (req, res) => {
      runs += 1;
      return answer(req, res, runs);
    },
    get runs() {
      return runs;
    },
  };
}
