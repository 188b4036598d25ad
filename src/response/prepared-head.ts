import vary from 'vary';
import type { Entry } from '../entry/entry.ts';
import { fieldOf } from '../entry/header-fields.ts';
import { noteOn } from '../note.ts';
import { BODY_HEADERS } from './conditional.ts';
import type { RecordedHead } from './recorded-head.ts';

/** A field of a stored head as `setHeader` takes it: all values of one name. */
export interface PreparedField {
  readonly name: string;
  readonly lowerCase: string;
  readonly value: string | readonly string[];
  /** It describes a body: a 304 has no use for it. */
  readonly isOfBody: boolean;
  /** It describes our body, or the handler had replaced what was set: what outer middleware has set gives way. */
  readonly isOurs: boolean;
  /** The handler had added it to what was set. */
  readonly isExtension: boolean;
}

/** What all replays of an entry have in common, made once. */
export interface PreparedHead {
  /** Names that the handler had taken off. */
  readonly removed: readonly string[];
  /** Without Vary. */
  readonly fields: readonly PreparedField[];
  /** All that the answer depends on, our own choice of a coding included. */
  readonly vary: string | undefined;
  /** As the handler set it. */
  readonly etag: string | undefined;
}

/** These describe our body. */
const OURS: ReadonlySet<string> = new Set(['content-type', 'content-length', 'content-encoding', 'etag']);

const heads = noteOn<Entry, PreparedHead>();

export function preparedHeadOf(entry: Entry): PreparedHead {
  const known = heads.get(entry);
  if (known !== undefined) return known;
  const head = prepareHead(entry, entry.coding !== 'identity' || entry.isUncoded === true);
  heads.set(entry, head);
  return head;
}

/** `isNegotiated`: in which coding the body is sent depends on the client. */
export function prepareHead(
  { headers, outerChanges = [] }: Pick<RecordedHead, 'headers' | 'outerChanges'>,
  isNegotiated: boolean,
): PreparedHead {
  const changes = new Map(outerChanges);
  const byName = new Map<string, { readonly name: string; readonly values: string[] }>();
  for (const [name, value] of headers) {
    const lowerCase = name.toLowerCase();
    const field = byName.get(lowerCase);
    if (field === undefined) byName.set(lowerCase, { name, values: [value] });
    else field.values.push(value);
  }
  const varied = [...(byName.get('vary')?.values ?? []), ...(isNegotiated ? ['Accept-Encoding'] : [])];
  byName.delete('vary');
  const fields = Array.from(byName, ([lowerCase, { name, values }]) => ({
    name,
    lowerCase,
    value: values.length === 1 ? (values[0] as string) : values,
    isOfBody: BODY_HEADERS.has(lowerCase),
    isOurs: OURS.has(lowerCase) || changes.has(lowerCase),
    isExtension: changes.get(lowerCase) === 'extended',
  }));
  return {
    removed: outerChanges.filter(([, change]) => change === 'removed').map(([name]) => name),
    fields,
    vary: varied.length === 0 ? undefined : vary.append('', varied.join(', ')),
    etag: fieldOf(headers, 'etag'),
  };
}
