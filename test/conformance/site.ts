import express from 'express';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { Suite } from './suite.ts';

/** The suite's origin as an Express app; `cache` stands in front of what the tests ask for, and of nothing else. */
export function originApp(suite: Suite, cache: RequestHandler | undefined): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((req, res, next) => {
    const [, dispatch] = segmentsOf(req);
    if (dispatch === 'config') suite.handleConfig(segmentsOf(req).slice(2), req, res);
    else if (dispatch === 'state') suite.handleState(segmentsOf(req).slice(2), req, res);
    else next();
  });
  if (cache !== undefined) app.use(cache);
  app.use((req, res, next) => suite.handleTest(segmentsOf(req).slice(2), req, breakable(suite, req, res, next)));
  return app;
}

function segmentsOf(req: Request): string[] {
  return new URL(req.originalUrl, 'http://localhost').pathname.split('/');
}

/**
 * Where the test wants the origin to break its connection, it destroys `response.socket`. Behind a middleware that is the client's
 * own connection: the failure of a handler, as Express knows it, is an error given to `next`, and of its head nothing has left it.
 */
function breakable(suite: Suite, req: Request, res: Response, next: NextFunction): Response {
  const asked = suite.configs.get(segmentsOf(req)[2] ?? '')?.[Number(req.headers['req-num']) - 1];
  if (asked?.disconnect !== true) return res;
  const destroy = (): void => {
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    next(new Error('The origin broke its connection.'));
  };
  const socket = { destroy };
  return new Proxy(res, {
    get: (target, name) => {
      if (name === 'socket') return socket;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
