import { METHODS, type Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { givenFields } from '../entry/given-fields.ts';
import { invalidWarmRequest } from '../errors.ts';
import type { JsonValue } from '../request/ai-request.ts';
import { headText, SETTABLE, type RecordedRequest } from './re-entry.ts';

/** A request as a client would send it, to be run through the app in this process. */
export interface WarmRequest {
  /** As the app sees it, for scheme and authority are in the key: `https://api.example.com/v1/chat/completions`. */
  readonly url: string;
  /** Default: `POST` with a body, else `GET`. */
  readonly method?: string;
  /** What clients send too: `Accept` and others are in the key, and credentials say whose answer it is. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** JSON, or a string or bytes as they are; `Content-Type` is `application/json` unless `headers` has another. */
  readonly body?: JsonValue | Uint8Array;
}

type Field = readonly [name: string, value: string];

const TYPE: Field = ['Content-Type', 'application/json'];

/** The request as it goes through the server. Throws AICacheError INVALID_REQUEST, naming the field. */
export function recordedFrom(given: unknown, server: Server): RecordedRequest {
  if (typeof given !== 'object' || given === null) throw invalidWarmRequest('item', 'an object with a url');
  const { url, method, headers, body } = given as Readonly<Record<string, unknown>>;
  const target = urlOf(url);
  const bytes = bytesOf(body);
  const fields = givenFields(headers ?? {}, invalidWarmRequest);
  const has = (wanted: string): boolean => fields.some(([name]) => name.toLowerCase() === wanted);
  const all = [
    ...(has('host') ? [] : [['Host', target.host] as const]),
    ...fields,
    ...(bytes === undefined || has('content-type') ? [] : [TYPE]),
  ];
  const line = `${methodOf(method, bytes !== undefined)} ${target.pathname}${target.search}`;
  return {
    server,
    isSecure: server instanceof TlsServer,
    socketMembers: { ...SETTABLE, ...LOOPBACK, encrypted: target.protocol === 'https:' },
    head: headText(line, all, bytes?.length),
    body: bytes ?? Buffer.alloc(0),
  };
}

/** Where it comes from: this process. */
const LOOPBACK = Object.freeze({
  remoteAddress: '127.0.0.1',
  remotePort: 0,
  remoteFamily: 'IPv4',
  localAddress: '127.0.0.1',
  localPort: 0,
  authorized: false,
  address: () => ({ address: '127.0.0.1', family: 'IPv4', port: 0 }),
});

function urlOf(url: unknown): URL {
  const parsed = typeof url === 'string' ? URL.parse(url) : null;
  if (parsed === null || !['http:', 'https:'].includes(parsed.protocol)) {
    throw invalidWarmRequest('url', 'an absolute URL, such as "https://api.example.com/v1/chat/completions"');
  }
  return parsed;
}

function methodOf(method: unknown, hasBody: boolean): string {
  if (method === undefined) return hasBody ? 'POST' : 'GET';
  if (typeof method !== 'string' || !METHODS.includes(method)) throw invalidWarmRequest('method', 'a method of HTTP');
  return method;
}

function bytesOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  let text: string | undefined;
  try {
    text = JSON.stringify(body);
  } catch {
    text = undefined;
  }
  if (text === undefined) throw invalidWarmRequest('body', 'a JSON value, a string or bytes');
  return Buffer.from(text);
}
