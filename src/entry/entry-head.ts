/** Everything of an entry but its body, as JSON that two releases can share: a reader ignores the members it does not know. */
import {
  CODINGS,
  MAX_CHUNKS,
  TEXT_TIERS,
  type Entry,
  type EntryLabels,
  type HeaderField,
  type LogPosition,
  type OuterChanges,
  type Usage,
  type VariantRule,
} from './entry.ts';
import {
  amount,
  isTrue,
  list,
  must,
  objectIn,
  oneOf,
  optional,
  text,
  time,
  whole,
  type Members,
} from './head-checks.ts';
import { isFieldValue, isOuterChanges, isReplayableField } from './header-fields.ts';

/** The head, with a member for each field of the entry that is there. What stands before `status` is its gist. */
export function headOf(entry: Entry): string {
  const { digest, status, statusMessage, headers, coding, identityBytes, cachedAt, staleAt, expiresAt } = entry;
  const { textLength, textTier, usage, costUsd, fillMs, chunks, revalidateUntil, errorUntil, codedByHandler } = entry;
  const { position, outerChanges, checkUntil, neverStale, ownEtag, variants } = entry;
  const { provider, model, operation, collection, tags, target, primary } = entry.labels;
  return JSON.stringify({
    digest,
    position: position && { epoch: position.epoch, sequence: position.sequence },
    labels: { provider, model, operation, collection, tags, target, primary },
    cachedAt,
    staleAt,
    expiresAt,
    status,
    statusMessage,
    headers,
    outerChanges,
    coding,
    identityBytes,
    textLength,
    textTier,
    usage: usage && usageIn(usage),
    costUsd,
    fillMs,
    chunks: chunks && { lengths: chunks.lengths, timesMs: chunks.timesMs },
    revalidateUntil,
    errorUntil,
    checkUntil,
    neverStale,
    ownEtag,
    codedByHandler,
    variants: variants && { id: variants.id, names: variants.names },
  });
}

/** The entry that a head and a body make, or undefined where any field is not as an entry has it. Never throws. */
export function entryFrom(head: string, body: Buffer): Entry | undefined {
  try {
    return entryOf(objectIn(JSON.parse(head)), body);
  } catch {
    // Not JSON, or one of the checks below: the bytes are whoever's can write to Redis, and no entry is the answer to all of it.
    return undefined;
  }
}

/** What of an entry an invalidation asks for. */
export type Gist = Pick<Entry, 'digest' | 'position' | 'labels' | 'staleAt' | 'expiresAt'>;

/** The gist in a head that may be cut off; `cut` where it is, undefined where this is no head. Never throws. */
export function gistFrom(head: string): Gist | 'cut' | undefined {
  // A quote within a JSON string is escaped, so this cannot be part of one.
  const end = head.indexOf(',"status":');
  if (end === -1) return 'cut';
  try {
    const members = objectIn(JSON.parse(`${head.slice(0, end)}}`));
    return {
      digest: text(members['digest']),
      ...optional('position', members['position'], positionOf),
      labels: labelsOf(objectIn(members['labels'])),
      staleAt: time(members['staleAt']),
      expiresAt: time(members['expiresAt']),
    };
  } catch {
    return undefined;
  }
}

function entryOf(head: Members, body: Buffer): Entry {
  const entry: Entry = {
    digest: text(head['digest']),
    // A final status (RFC 9110 §15); Node refuses to send any other as an answer.
    status: whole(head['status'], 200, 599),
    ...optional('statusMessage', head['statusMessage'], fieldValue),
    headers: list(head['headers'], headerField),
    ...optional('outerChanges', head['outerChanges'], outerChangesOf),
    coding: oneOf(CODINGS, head['coding']),
    body,
    identityBytes: whole(head['identityBytes']),
    cachedAt: time(head['cachedAt']),
    staleAt: time(head['staleAt']),
    expiresAt: time(head['expiresAt']),
    labels: labelsOf(objectIn(head['labels'])),
    ...optional('position', head['position'], positionOf),
    textLength: whole(head['textLength']),
    textTier: oneOf(TEXT_TIERS, head['textTier']),
    ...optional('usage', head['usage'], usageOf),
    ...optional('costUsd', head['costUsd'], amount),
    ...optional('fillMs', head['fillMs'], amount),
    ...optional('chunks', head['chunks'], chunksOf),
    ...optional('revalidateUntil', head['revalidateUntil'], time),
    ...optional('errorUntil', head['errorUntil'], time),
    ...optional('checkUntil', head['checkUntil'], time),
    ...optional('neverStale', head['neverStale'], isTrue),
    ...optional('ownEtag', head['ownEtag'], fieldValue),
    ...optional('codedByHandler', head['codedByHandler'], isTrue),
    ...optional('variants', head['variants'], variantsOf),
  };
  must(entry.staleAt <= entry.expiresAt);
  must(entry.coding !== 'identity' || entry.identityBytes === body.length);
  if (entry.chunks !== undefined) {
    const sentBytes = entry.codedByHandler ? body.length : entry.identityBytes;
    must(entry.chunks.lengths.reduce((sum, length) => sum + length, 0) === sentBytes);
  }
  return entry;
}

function labelsOf(labels: Members): EntryLabels {
  return {
    ...optional('provider', labels['provider'], text),
    ...optional('model', labels['model'], text),
    ...optional('operation', labels['operation'], text),
    ...optional('collection', labels['collection'], text),
    ...optional('tags', labels['tags'], (tags) => list(tags, text)),
    ...optional('target', labels['target'], text),
    ...optional('primary', labels['primary'], text),
  };
}

function variantsOf(value: unknown): VariantRule {
  const { id, names } = objectIn(value);
  return { id: text(id), names: list(names, text) };
}

function positionOf(value: unknown): LogPosition {
  const { epoch, sequence } = objectIn(value);
  return { epoch: text(epoch), sequence: whole(sequence) };
}

function chunksOf(value: unknown): NonNullable<Entry['chunks']> {
  const { lengths, timesMs } = objectIn(value);
  const chunks = { lengths: list(lengths, (length) => whole(length)), timesMs: list(timesMs, amount) };
  must(chunks.lengths.length === chunks.timesMs.length && chunks.lengths.length <= MAX_CHUNKS);
  return chunks;
}

function usageOf(value: unknown): Usage {
  const usage = objectIn(value);
  return {
    inputTokens: amount(usage['inputTokens']),
    outputTokens: amount(usage['outputTokens']),
    ...optional('cacheReadTokens', usage['cacheReadTokens'], amount),
    ...optional('cacheWriteTokens', usage['cacheWriteTokens'], amount),
  };
}

function usageIn({ inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens }: Usage): object {
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens };
}

function headerField(value: unknown): HeaderField {
  must(isReplayableField(value));
  return value as HeaderField;
}

function outerChangesOf(value: unknown): OuterChanges {
  must(isOuterChanges(value));
  return value as OuterChanges;
}

function fieldValue(value: unknown): string {
  must(isFieldValue(value));
  return value as string;
}
