import type { Request } from 'express';
import { authorityOf } from '../request/authority.ts';

/** What a browser says of its own pages, and of an address typed in (Fetch Metadata, `Sec-Fetch-Site`). */
const OWN: ReadonlySet<string> = new Set(['same-origin', 'none']);

/**
 * Did a page of another site make the browser send this, with the operator's cookies? By `Sec-Fetch-Site`, which page scripts
 * cannot set, and by `Origin`, whose host has to be the one that Express resolves under `trust proxy`. Programs send neither.
 */
export function isFromAnotherSite(req: Request): boolean {
  const site = req.get('Sec-Fetch-Site');
  if (site !== undefined && !OWN.has(site)) return true;
  const origin = req.get('Origin');
  return origin !== undefined && !isOwnOrigin(origin, authorityOf(req));
}

/** The schemes may differ: a proxy that ends TLS need not say so. */
function isOwnOrigin(origin: string, authority: string): boolean {
  if (!/^[\w.:[\]-]+$/.test(authority) || !/^https?:\/\//.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host } = new URL(origin);
  const own = `${protocol}//${authority}`;
  return URL.canParse(own) && new URL(own).host === host;
}
