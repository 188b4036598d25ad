import type { Request } from 'express';
import type { ServerResponse } from 'node:http';
import type { Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { etagFor } from './etags.ts';
import type { Outlet } from './outlet.ts';

/** What Express makes of other texts differs from release to release. */
const ONE_RANGE = /^bytes=(?:\d+-\d*|-\d+)$/i;

/** One part of a body in identity coding, both ends within it; `unsatisfiable`: what is asked for lies behind its end. */
export type Part = { readonly start: number; readonly end: number } | 'unsatisfiable';

/**
 * The part of a stored answer that a GET asks for (RFC 9110 §14.2). `whole`: all of it, since its If-Range does not hold;
 * undefined: more than one part, or what is no range: that is the handler's.
 */
export function partFor(req: Request, entry: Entry): Part | 'whole' | undefined {
  if (!isSamePart(req.headers['if-range'], entry)) return 'whole';
  if (!ONE_RANGE.test(req.headers.range ?? '')) return undefined;
  const ranges = req.range(entry.identityBytes);
  // Well-formed as it is, nothing else can be wrong with it than where it lies.
  return typeof ranges === 'object' ? ranges[0] : 'unsatisfiable';
}

/** Only by a strong validator are two parts of one body (RFC 9110 §13.1.5). */
function isSamePart(ifRange: string | string[] | undefined, entry: Entry): boolean {
  if (ifRange === undefined) return true;
  const etag = etagFor(entry, 'identity');
  if (etag !== undefined && ifRange === etag) return !etag.startsWith('W/');
  return ifRange === fieldOf(entry.headers, 'last-modified');
}

/** The head is set as for the whole: makes it that of the part, and sends both. */
export function sendPart(res: ServerResponse, body: Buffer, part: Part, outlet: Outlet): void {
  res.statusMessage = '';
  if (part === 'unsatisfiable') {
    res.statusCode = 416;
    for (const name of ['content-type', 'etag', 'last-modified', 'content-encoding']) res.removeHeader(name);
    res.setHeader('Content-Range', `bytes */${body.length}`);
    outlet.end();
    return;
  }
  res.statusCode = 206;
  res.setHeader('Content-Range', `bytes ${part.start}-${part.end}/${body.length}`);
  outlet.end(body.subarray(part.start, part.end + 1));
}
