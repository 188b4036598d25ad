import type { Request } from 'express';

/** `host:port` as Express resolves it under its setting `trust proxy`: as `req.host` of Express 5, for Express 4 too. */
export function authorityOf(req: Request): string {
  const forwarded = req.headers['x-forwarded-host'] as string | undefined;
  const isTrusted = req.app.get('trust proxy fn') as (address: string | undefined, hop: number) => boolean;
  if (!forwarded || !isTrusted(req.socket.remoteAddress, 0)) return req.headers.host ?? '';
  const comma = forwarded.indexOf(',');
  return comma === -1 ? forwarded : forwarded.slice(0, comma).trimEnd();
}
