/**
 * Judges the package as its users get it: packs dist/, lets publint and attw read the tarball, installs it into an ESM, a
 * CommonJS and a TypeScript project in a temporary directory and runs each. `npm run build` comes first.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const consumers = join(import.meta.dirname, 'consumers');

/** Runs a command to its end; one line when it went well, its whole output in an error when it did not. */
function check(title: string, directory: string, command: string, ...args: string[]): void {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    timeout: 180_000,
  });
  if (status === 0) {
    console.log(`ok      ${title}`);
    return;
  }
  const output = `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`;
  throw new Error(`failed  ${title}: ${command} ${args.join(' ')}\n${output}`);
}

/** A project of a user's, outside of this repository, with the tarball installed. */
function install(name: string, scratch: string, tarball: string): string {
  const project = join(scratch, name);
  cpSync(join(consumers, name), project, { recursive: true });
  cpSync(join(consumers, 'ask-twice.mts'), join(project, 'ask-twice.mts'));
  check(`${name}: install`, project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball);
  return project;
}

function judge(scratch: string): void {
  check('npm pack', root, 'npm', 'pack', '--ignore-scripts', '--pack-destination', scratch);
  const tarball = join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '');
  check('publint', root, 'publint', 'run', tarball, '--strict');
  check('attw', root, 'attw', tarball, '--profile', 'esm-only');

  const esm = install('esm', scratch, tarball);
  check('esm: run (Express 5, no ioredis)', esm, process.execPath, 'main.mjs');

  const commonjs = install('commonjs', scratch, tarball);
  check('commonjs: run (Express 4, no ioredis)', commonjs, process.execPath, 'main.cjs');

  const typescript = install('typescript', scratch, tarball);
  check('typescript: compile', typescript, 'tsc', '-p', '.');
  check('typescript: run (Express 5, ioredis)', typescript, process.execPath, join('out', 'main.js'));
}

const scratch = mkdtempSync(join(tmpdir(), 'ai-cache-package-'));
try {
  judge(scratch);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
