import type { Express } from 'express';
import { onTestFinished, vi } from 'vitest';
import type { AIRequest, AIResponseCache, AIResponseCacheOptions } from '../../../src/index.ts';
import type { ManageableCache, StatsRouterOptions } from '../../../src/stats/index.ts';
import type { expressVersions } from '../../support/express.ts';
import { listen } from '../../support/http.ts';

type ExpressModule = (typeof expressVersions)[number]['express'];

/** The package as an app has it that has this one Express. */
export async function packageOn(express: ExpressModule): Promise<typeof import('../../../src/index.ts') & Stats> {
  vi.resetModules();
  vi.doMock('express', () => ({ default: express, Router: express.Router }));
  const modules = { ...(await import('../../../src/index.ts')), ...(await import('../../../src/stats/index.ts')) };
  vi.doUnmock('express');
  return modules;
}

type Stats = typeof import('../../../src/stats/index.ts');
export type Package = Awaited<ReturnType<typeof packageOn>>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Of a body that is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

export async function answerOf(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const json = isJson && text !== '' ? (JSON.parse(text) as Answer['json']) : {};
  return { status: response.status, headers: response.headers, text, json };
}

/** Serves an app for one test; resolves to the URL of `/cache`. */
export async function served(app: Express): Promise<string> {
  const server = await listen(app);
  onTestFinished(() => server.close());
  return `${server.url}/cache`;
}

export function openCache(from: Package, options: AIResponseCacheOptions = {}): AIResponseCache {
  const cache = new from.AIResponseCache({ telemetry: false, ...options });
  onTestFinished(() => cache.close());
  return cache;
}

/** An app with the router at `/cache`; resolves to its URL. */
export async function mounted(
  { statsRouter }: Package,
  express: ExpressModule,
  cache: ManageableCache,
  options: StatsRouterOptions = { authorize: 'none' },
): Promise<string> {
  return served(express().use('/cache', statsRouter(cache, options)));
}

/** Requests by a name that says what they have. */
export const REQUESTS: Readonly<Record<string, AIRequest>> = {
  gpt: { provider: 'openai', model: 'gpt', operation: 'qa', collection: 'docs', tags: ['a'], text: '1' },
  mini: { provider: 'openai', model: 'mini', operation: 'qa', collection: 'news', tags: ['a', 'b'], text: '2' },
  haiku: { provider: 'anthropic', model: 'haiku', operation: 'summarize', collection: 'docs', text: '3' },
  star: { provider: '*', model: 'a&b=c', collection: 'a*', tags: ['[x]'], text: '4' },
  odd: { provider: 'a+b %', model: '😀', collection: '../clear?', tags: ['é'], text: '5' },
};

export async function fill(cache: AIResponseCache): Promise<void> {
  await Promise.all(Object.values(REQUESTS).map((request) => cache.set(request, 'an answer')));
}

/** The names of the requests that have an answer. */
export async function left(cache: AIResponseCache): Promise<string[]> {
  const found = await cache.getMany(Object.values(REQUESTS));
  return Object.keys(REQUESTS).filter((_, place) => found[place] !== undefined);
}

export const ALL = Object.keys(REQUESTS);
