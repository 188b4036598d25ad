import vary from 'vary';
import type { Coding, Entry } from '../entry/entry.ts';
import { fieldOf, type HeaderFields } from '../entry/header-fields.ts';
import { noteOn } from '../note.ts';
import { BODY_HEADERS } from './conditional.ts';

/** A field of a stored head as `setHeader` takes it: all values of one name. */
export interface PreparedField {
  readonly name: string;
  readonly lowerCase: string;
  readonly value: string | readonly string[];
  /** It describes a body: a 304 has no use for it. */
  readonly isOfBody: boolean;
  /** It describes our body: what outer middleware has set gives way. */
  readonly isOurs: boolean;
}

/** What all replays of an entry have in common, made once. */
export interface PreparedHead {
  /** Without Vary. */
  readonly fields: readonly PreparedField[];
  /** All that the answer depends on, our own choice of a coding included. */
  readonly vary: string | undefined;
  /** As the handler set it. */
  readonly etag: string | undefined;
}

/** Outer middleware's headers are left as they are, but for these, which describe our body. */
const OURS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding', 'etag']);

const heads = noteOn<Entry, PreparedHead>();

export function preparedHeadOf(entry: Entry): PreparedHead {
  const known = heads.get(entry);
  if (known !== undefined) return known;
  const head = prepareHead(entry.headers, entry.coding);
  heads.set(entry, head);
  return head;
}

/** `coding`: of the stored body; which one is sent depends on the client, but where it is identity. */
export function prepareHead(headers: HeaderFields, coding: Coding): PreparedHead {
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase();
    const field = byName.get(lowerCase);
    if (field === undefined) byName.set(lowerCase, { name, values: [value] });
    else field.values.push(value);
  }
  const varied = [...(byName.get('vary')?.values ?? []), ...(coding === 'identity' ? [] : ['Accept-Encoding'])];
  byName.delete('vary');
  const fields = Array.from(byName, ([lowerCase, { name, values }]) => ({
    name,
    lowerCase,
    value: values.length === 1 ? (values[0] as string) : values,
    isOfBody: BODY_HEADERS.has(lowerCase),
    isOurs: OURS.has(lowerCase),
  }));
  return {
    fields,
    vary: varied.length === 0 ? undefined : vary.append('', varied.join(', ')),
    etag: fieldOf(headers, 'etag'),
  };
}
