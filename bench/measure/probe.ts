/** Is what a contender answers right? Nobody is timed who gives wrong answers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Answers, CONTENT_TYPES, ask, type Site } from '../site.ts';
import { Client, type Answered } from './ask.ts';
import type { Child } from './child.ts';

export interface Verdict {
  /** What is wrong; undefined: nothing. */
  readonly wrong?: string;
  /** A repeated request did not run the handler. */
  readonly caches: boolean;
}

/** Some store after they have answered: so often, and so long apart, a repeat is tried until the handler rests. */
const TRIES = 40;
const PAUSE_MS = 25;

/** Numbers that no load uses. */
const ONE = 1_000_001;
const OTHER = 1_000_002;

export async function probe(child: Child, site: Site): Promise<Verdict> {
  const client = new Client(1);
  const answers = new Answers(site);
  const flaw = async (n: number): Promise<string | undefined> => {
    const answered = await client.ask(child.port, ask(site, n));
    return flawIn(answered, site, answers, n);
  };
  /** Asks until the handler does not run; true where it comes to that. */
  const settles = async (n: number): Promise<boolean> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const before = await child.ask('runs');
      await client.ask(child.port, ask(site, n));
      if ((await child.ask('runs')) === before) return true;
      await sleep(PAUSE_MS);
    }
    return false;
  };
  try {
    const first = await flaw(ONE);
    if (first !== undefined) return { wrong: `the first answer: ${first}`, caches: false };
    const caches = await settles(ONE);
    const repeated = await flaw(ONE);
    if (repeated !== undefined) return { wrong: `the repeated answer: ${repeated}`, caches };
    const other = await flaw(OTHER);
    if (other !== undefined) return { wrong: `another prompt: ${other}`, caches };
    const again = await flaw(ONE);
    return again === undefined ? { caches } : { wrong: `the first prompt after another one: ${again}`, caches };
  } catch (error) {
    const said = [error instanceof Error ? error.message : String(error), child.complaint()];
    return { wrong: `no answer: ${said.filter((text) => text !== '').join(', ')}`, caches: false };
  } finally {
    client.close();
  }
}

function flawIn({ status, contentType, body }: Answered, site: Site, answers: Answers, n: number): string | undefined {
  if (status !== 200) return `status ${status}`;
  if (!body.equals(answers.buffer(n))) {
    const whose = [ONE, OTHER].find((no) => no !== n && body.equals(answers.buffer(no)));
    return whose === undefined ? 'other bytes' : `the answer to another prompt`;
  }
  return contentType === CONTENT_TYPES[site.form] ? undefined : `content type ${contentType || 'absent'}`;
}
