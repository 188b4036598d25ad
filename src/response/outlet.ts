import type { ServerResponse } from 'node:http';
import type { Original } from './patch-method.ts';

/** Where a stored answer goes out. */
export interface Outlet {
  flushHeaders(): void;
  /** False where the client takes no more for now: `drain` of the response tells when it does. */
  write(chunk: Buffer): boolean;
  end(body?: Buffer): void;
}

/** The response as it is. */
export function outletOf(res: ServerResponse): Outlet {
  return {
    flushHeaders: () => res.flushHeaders(),
    write: (chunk) => res.write(chunk),
    end: (body) => void res.end(body),
  };
}

/**
 * The response by its methods as they were before: what handlers and middleware have put over them since is left out.
 * `around` runs each call.
 */
export function outletBelow(
  res: ServerResponse,
  { writeHead, write, end, flushHeaders }: Record<'writeHead' | 'write' | 'end' | 'flushHeaders', Original>,
  around: <T>(call: () => T) => T,
): Outlet {
  const withHead = <T>(call: () => T): T =>
    around(() => {
      if (!res.headersSent) writeHead(res.statusCode);
      return call();
    });
  return {
    flushHeaders: () => void withHead(flushHeaders),
    write: (chunk) => withHead(() => write(chunk)) as boolean,
    end: (body) => void withHead(() => end(body)),
  };
}
