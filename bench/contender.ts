/** What takes part: a server of its own in front of the same handler. */
import type { RequestHandler } from 'express';
import type { RequestListener } from 'node:http';
import type { Answer, Answers, Site } from './site.ts';

export interface Contender {
  /** Why it cannot take part in a scenario with this site; undefined: it can. */
  cannot(site: Site): string | undefined;
  /** Resolves when it is ready to answer. */
  start(site: Site, origin: Origin): Promise<Running>;
}

/** Something that listens by itself, or a listener for a server of the benchmark's. */
export type Running = RequestListener | OutsideServer;

/** A server in a process of its own, in front of the origin. */
export interface OutsideServer {
  readonly port: number;
  /** CPU time it has used so far, microseconds. */
  cpuMicros(): number;
  stop(): void;
}

/** The route that is cached. */
export interface Origin {
  readonly answers: Answers;
  /** How often it ran so far. */
  runs(): number;
  /** Sends a ready Buffer, or writes a stream's ready chunks; behind `express.json()` or the like. */
  readonly ready: RequestHandler;
  /** Gives the answer to `res.json`. */
  readonly json: RequestHandler;
  /** The answer as an object, for caches of values. */
  answerTo(n: number): Answer | Promise<Answer>;
}
