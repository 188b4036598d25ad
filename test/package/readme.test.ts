/** Compiles and runs what README.md and the pages of docs/guide/ show; readme-blocks.ts says how a block is written. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { startRedis } from '../support/redis-server.ts';
import type { RedisServer } from '../support/redis-server.ts';
import { docPages } from './doc-pages.ts';
import { readBlocks } from './readme-blocks.ts';
import type { Program } from './readme-blocks.ts';

const root = join(import.meta.dirname, '../..');
const pages = docPages(root).map((page) => ({ path: page.path, ...readBlocks(page) }));
const programs = pages.flatMap((page) => page.programs);

/** Inside the package, where 'express-ai-cache' is the package itself. */
const directory = join(root, '.cache/readme');
const fileOf = ({ place, language }: Program): string => join(directory, `${place.replaceAll(/\W/g, '-')}.${language}`);

let redis: RedisServer;
const provider = new LLMock({ port: 0 });

beforeAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const program of programs) writeFileSync(fileOf(program), program.code);
  redis = await startRedis();
  provider.onMessage(/[\s\S]*/, { content: 'An answer.' });
  await provider.start();
});

afterAll(async () => {
  await provider.stop();
  await redis.stop();
});

/** Runs a block until it has printed all that it should, or to its end; resolves to what it printed, rejects when it failed. */
async function run(program: Program): Promise<string> {
  const child = spawn(
    process.execPath,
    [
      `--conditions=@express-ai-cache/source`,
      `--import=${pathToFileURL(join(import.meta.dirname, 'any-port.mjs')).href}`,
      fileOf(program),
    ],
    {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        REDIS_URL: redis.url,
        OPENAI_BASE_URL: `${provider.url}/v1`,
        OPENAI_API_KEY: 'any',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 30_000,
      killSignal: 'SIGKILL',
    },
  );
  let printed = '';
  const read = (chunk: Buffer): void => {
    printed += chunk.toString();
    if (program.prints.length > 0 && program.prints.every((expected) => expected.test(printed))) child.kill('SIGTERM');
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const endedByUs = signal === 'SIGTERM';
  if (!endedByUs && code !== 0) throw new Error(`${program.place} ended with ${code ?? signal}:\n${printed}`);
  return printed;
}

test('README.md and the guide show programs', () => {
  expect(pages.filter((page) => page.programs.length > 0).length).toBeGreaterThan(5);
});

test.each(pages)('every npm script that $path names exists', ({ npmScripts }) => {
  expect(Object.keys(packageJson.scripts)).toEqual(expect.arrayContaining([...npmScripts]));
});

test('every ts block compiles', () => {
  writeFileSync(join(directory, 'origin.d.ts'), 'declare const origin: Promise<string>;\n');
  writeFileSync(
    join(directory, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['*.ts'] }),
  );
  const { status, stdout } = spawnSync('tsc', ['-p', directory], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});

test.each(programs.map((program) => ({ place: program.place, program })))(
  'the block at $place runs and prints what it promises',
  async ({ program }) => {
    const printed = await run(program);
    for (const expected of program.prints) expect(printed).toMatch(expected);
  },
);
