import type { Request, Response, Router } from 'express';
import fresh from 'fresh';
import { sendMethods, sendProblem } from './answer.ts';
import type { IsAllowed } from './authorize.ts';
import { dashboardFiles, type DashboardFile } from './dashboard-files.ts';
import { methodNotAllowed, notAllowed } from './problems.ts';

/** Nothing but the page's own files, nothing inline, and no string ever becomes markup. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // Asked for again each time: a new release shows at once, and who may look is asked each time too.
  'Cache-Control': 'private, no-cache',
};

const PAGE = 'index.html';
const METHODS = 'GET, HEAD, OPTIONS';

/** A request for a file of the page. */
interface FileCall {
  readonly req: Request;
  readonly res: Response;
  readonly name: string;
  /** Where there is no such file. */
  otherwise(): void;
}

/** `GET /` is the page, `GET /assets/<name>` what it is made of; both are for those who may `read`. */
export function mountDashboard(router: Router, isAllowed: IsAllowed): void {
  const files = dashboardFiles();
  const answer = async ({ req, res, name, otherwise }: FileCall): Promise<void> => {
    const known = await files().catch(() => undefined);
    const file = known?.get(name);
    // What is not of the page may be the app's own, and is not for us to refuse.
    if (file === undefined && name !== PAGE) return otherwise();
    if (!isRead(req)) return refuse(req, res, otherwise);
    if (!(await isAllowed(req, 'read'))) return sendForbidden(req, res);
    return file === undefined ? sendUnreadable(res) : sendFile(req, res, file);
  };
  router.all('/', (req, res, next) => {
    const away = withSlash(req);
    if (away !== undefined && isRead(req)) return redirect(res, away);
    return void answer({ req, res, name: PAGE, otherwise: next });
  });
  router.all('/assets/:name', (req, res, next) => {
    void answer({ req, res, name: req.params.name, otherwise: next });
  });
}

function sendFile(req: Request, res: Response, { contentType, etag, bytes }: DashboardFile): void {
  if (res.headersSent || res.writableEnded) return;
  for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value);
  res.setHeader('ETag', etag);
  if (fresh(req.headers, { etag })) {
    res.statusCode = 304;
    res.end();
    return;
  }
  res.statusCode = 200;
  res.setHeader('Content-Type', contentType);
  res.setHeader('Content-Length', bytes.length);
  res.end(bytes);
}

/** At the root of an app other methods are for the app's own routes. */
function refuse({ baseUrl, method }: Request, res: Response, otherwise: () => void): void {
  if (baseUrl === '') return otherwise();
  return method === 'OPTIONS' ? sendMethods(res, METHODS) : sendProblem(res, methodNotAllowed(METHODS));
}

/** A person who opens the page gets a page, a program a problem. */
function sendForbidden(req: Request, res: Response): void {
  if (res.headersSent || res.writableEnded) return;
  if (req.accepts(['json', 'html']) !== 'html') return sendProblem(res, notAllowed);
  const page =
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">' +
    '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>Not allowed</title>' +
    `<main><h1>Not allowed</h1><p>${notAllowed.detail} Sign in to the application as somebody who may, then reload this page.</p></main></html>`;
  for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value);
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.statusCode = 403;
  res.end(page);
}

function sendUnreadable(res: Response): void {
  sendProblem(res, {
    status: 500,
    detail: 'The files of the page cannot be read. A bundler has to leave express-ai-cache outside of its bundle.',
  });
}

function redirect(res: Response, location: string): void {
  res.setHeader('Location', location);
  res.setHeader('Cache-Control', 'no-store');
  res.statusCode = 307;
  res.end();
}

function isRead({ method }: Request): boolean {
  return method === 'GET' || method === 'HEAD';
}

/**
 * Where a browser has to go so that the page's relative URLs lead here: `/ops` → `./ops/`. Relative itself, because a proxy may
 * have taken a prefix off the path; it begins with a dot, so that no path can make another host or scheme of it.
 */
function withSlash({ originalUrl }: Request): string | undefined {
  const [, path = '', query = ''] = /^([^?]*)(.*)$/s.exec(originalUrl) ?? [];
  if (path.endsWith('/')) return undefined;
  return `./${path.slice(path.lastIndexOf('/') + 1)}/${query}`;
}
