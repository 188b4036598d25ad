import type { RequestHandler, Response } from 'express';

/** What each response was given to write, as middleware in front of the cache sees it at once. */
export interface Written {
  readonly middleware: RequestHandler;
  /** In the order of their requests. */
  readonly responses: readonly Response[];
  /** The pieces of the response of this request so far, from 0. */
  of(index: number): readonly string[];
}

export function written(): Written {
  const responses: Response[] = [];
  const pieces: string[][] = [];
  const middleware: RequestHandler = (_req, res, next) => {
    const own: string[] = [];
    responses.push(res);
    pieces.push(own);
    const { write } = res;
    res.write = ((chunk: unknown, ...rest: unknown[]) => {
      own.push(String(chunk));
      return Reflect.apply(write, res, [chunk, ...rest]);
    }) as typeof res.write;
    next();
  };
  return { middleware, responses, of: (index) => pieces[index] ?? [] };
}
