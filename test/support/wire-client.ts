import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { wireAnswers, type WireAnswer } from './wire-answer.ts';

/** A request as it goes on the wire; with `json` it is a POST. */
export interface WireRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** A body that is not JSON; with it it is a POST, too. */
  readonly body?: string;
  /** Default `1.1`. */
  readonly version?: '1.0' | '1.1';
}

/** A client on a socket of its own that sees every HTTP chunk. */
export interface WireClient {
  readonly socket: Socket;
  /** Every answer that has begun to come, in order. */
  answers(): readonly WireAnswer[];
  /** Resolves when enough of the first answer has come; rejects where the connection is over before. */
  until(enough: (answer: WireAnswer) => boolean): Promise<WireAnswer>;
  /** Resolves when so many bytes of the first answer's body have come. */
  has(bytes: number | string): Promise<WireAnswer>;
  /** Resolves when the first answer is whole or its connection is over. */
  ended(): Promise<WireAnswer>;
  /** Leaves as a browser does: without a word. */
  leave(): void;
}

/** `isReading: false`: takes nothing from the socket until `socket.resume()`. */
export interface WireOptions {
  readonly isReading?: boolean;
}

/** `port`: of the authority, which is keyed; the same as `ask` has it. */
export function wireRequest(port: number, request: WireRequest = {}): string {
  const { path = '/', json, headers = {}, version = '1.1' } = request;
  const body = json === undefined ? (request.body ?? '') : JSON.stringify(json);
  const hasBody = json !== undefined || request.body !== undefined;
  const method = request.method ?? (hasBody ? 'POST' : 'GET');
  const type = json === undefined ? {} : { 'Content-Type': 'application/json' };
  const length = hasBody ? { 'Content-Length': String(Buffer.byteLength(body)) } : {};
  const fields = Object.entries({ Host: `127.0.0.1:${port}`, ...type, ...length, ...headers });
  return `${method} ${path} HTTP/${version}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
}

/** Connects and sends these requests one behind the other. */
export async function wireClient(
  port: number,
  requests: WireRequest | readonly WireRequest[] = {},
  { isReading = true }: WireOptions = {},
): Promise<WireClient> {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  const listeners = new Set<() => void>();
  let isOver = false;
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isOver = true;
    tell();
  });
  socket.on('data', (bytes) => {
    received.push(bytes);
    tell();
  });
  if (!isReading) socket.pause();
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  socket.write(
    [requests]
      .flat()
      .map((one) => wireRequest(port, one))
      .join(''),
  );

  const answers = (): readonly WireAnswer[] => wireAnswers(Buffer.concat(received), isOver);
  const until = (enough: (answer: WireAnswer) => boolean): Promise<WireAnswer> => {
    const { promise, resolve, reject } = Promise.withResolvers<WireAnswer>();
    const look = (): void => {
      const [answer] = answers();
      if (answer !== undefined && enough(answer)) resolve(answer);
      else if (isOver) reject(new Error(`The connection is over; what came: ${answer?.text ?? 'nothing'}`));
      else return;
      listeners.delete(look);
    };
    listeners.add(look);
    look();
    return promise;
  };
  return {
    socket,
    answers,
    until,
    has: (bytes) => until(({ body }) => body.length >= (typeof bytes === 'number' ? bytes : Buffer.byteLength(bytes))),
    ended: () => until(({ end }) => end !== 'open'),
    leave: () => void socket.destroy(),
  };
}
