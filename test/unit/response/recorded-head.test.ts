import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { OuterChanges } from '../../../src/entry/entry.ts';
import { headersBeside, outerChangesIn, outerHeaders } from '../../../src/response/recorded-head.ts';

/** What is recorded of headers that were set before and of what `change` makes of them. */
function recorded(change: (res: ServerResponse) => unknown): { headers: unknown; changes: OuterChanges | undefined } {
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  res.setHeader('X-One', 'a');
  res.setHeader('Link', ['</a>', '</b>']);
  res.setHeader('Vary', 'Origin');
  res.setHeader('Connection', 'close');
  const outer = outerHeaders(res);
  change(res);
  return { headers: headersBeside(res, outer, new Set()), changes: outerChangesIn(res, outer) };
}

describe('a recorded head', () => {
  it.each<[what: string, change: (res: ServerResponse) => unknown, headers: unknown, changes: unknown]>([
    ['nothing', () => undefined, [], undefined],
    ['another header', (res) => res.setHeader('X-Two', 'b'), [['X-Two', 'b']], undefined],
    ['the same value', (res) => res.setHeader('X-One', 'a'), [], undefined],
    ['another value', (res) => res.setHeader('x-one', 'b'), [['x-one', 'b']], [['x-one', 'replaced']]],
    ['one more value', (res) => res.appendHeader('X-One', 'b'), [['X-One', 'b']], [['x-one', 'extended']]],
    ['one more of a list', (res) => res.appendHeader('Link', '</c>'), [['Link', '</c>']], [['link', 'extended']]],
    ['a shorter list', (res) => res.setHeader('Link', ['</a>']), [['Link', '</a>']], [['link', 'replaced']]],
    ['no value', (res) => res.removeHeader('Link'), [], [['link', 'removed']]],
    ['a merged Vary', (res) => res.setHeader('Vary', 'Origin, Accept'), [['Vary', 'Accept']], undefined],
    ['what frames the message', (res) => res.removeHeader('Connection'), [], undefined],
  ])('has of %s what the handler made of it', (_what, change, headers, changes) => {
    expect(recorded(change)).toEqual({ headers, changes });
  });
});
