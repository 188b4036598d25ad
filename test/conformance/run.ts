/** Runs http-tests/cache-tests from a checkout against the middleware: `npm run test:conformance -- DIR [--write] [--all]`. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { REASONS } from './reasons.ts';
import { loadSuite, type Kind, type Results, type SuiteTest, type Verdict } from './suite.ts';

interface Run {
  readonly verdicts: Readonly<Record<string, Verdict>>;
  readonly results: Results;
}

/** The ids that pass: with the cache, and without any. */
interface Expected {
  readonly required: readonly string[];
  readonly optimal: readonly string[];
  readonly check: readonly string[];
}

const EXPECTED = fileURLToPath(new URL('expected.json', import.meta.url));
const PASSES: ReadonlySet<Verdict> = new Set(['pass', 'yes']);
const KINDS: readonly Kind[] = ['required', 'optimal', 'check'];

const args = process.argv.slice(2);
const directory = args.find((argument) => !argument.startsWith('--'));
if (directory === undefined) {
  console.error('Usage: npm run test:conformance -- DIR, where DIR is a checkout of http-tests/cache-tests.');
  process.exit(2);
}
const suite = await loadSuite(resolve(directory));
const tests = suite.groups.flatMap((group) => group.tests).filter((test) => test.browser_only !== true);
const without = runOnce('none');
const withCache = runOnce('cache');
if (args.includes('--write')) writeFileSync(EXPECTED, `${JSON.stringify(passing(), null, 2)}\n`);
report();

function runOnce(mode: 'cache' | 'none'): Run {
  const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
  const file = join(folder, 'results.json');
  const once = fileURLToPath(new URL('once.ts', import.meta.url));
  try {
    const stdio = args.includes('--verbose') ? 'inherit' : ['ignore', 'ignore', 'ignore'];
    execFileSync(process.execPath, [...process.execArgv, once, resolve(directory as string), mode, file], {
      stdio: stdio as 'inherit',
    });
    return JSON.parse(readFileSync(file, 'utf8')) as Run;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function kindOf({ kind }: SuiteTest): Kind {
  return kind ?? 'required';
}

function passes(run: Run, { id }: SuiteTest): boolean {
  return PASSES.has(run.verdicts[id] ?? 'untested');
}

function passing(): Expected {
  const ids = (kind: Kind): string[] =>
    tests.filter((test) => kindOf(test) === kind && passes(withCache, test)).map(({ id }) => id);
  return { required: ids('required'), optimal: ids('optimal'), check: ids('check') };
}

function report(): void {
  for (const kind of KINDS) {
    const ofKind = tests.filter((test) => kindOf(test) === kind);
    const [before, after] = [without, withCache].map((run) => ofKind.filter((test) => passes(run, test)).length);
    const word = kind === 'check' ? 'answered with yes' : 'passed';
    console.log(`${kind}: ${after} of ${ofKind.length} ${word} (with no cache at all: ${before})`);
  }
  const shown = KINDS.filter((kind) => kind === 'required' || args.includes('--all'));
  for (const kind of shown) listFailures(kind);
  const problems = [...regressions(), ...surprises()];
  for (const problem of problems) console.log(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function listFailures(kind: Kind): void {
  for (const test of tests.filter((one) => kindOf(one) === kind && !passes(withCache, one))) {
    const result = withCache.results[test.id];
    const said = Array.isArray(result) ? result.join(': ') : String(result);
    console.log(`\n${kind} ${test.id} (${withCache.verdicts[test.id]}): ${test.name}\n  ${said}`);
    console.log(`  why: ${REASONS[test.id] ?? 'NO REASON GIVEN'}`);
  }
}

/** What no cache at all does right must stay right. Of checks there is no right. */
function regressions(): string[] {
  return tests
    .filter((test) => kindOf(test) !== 'check' && passes(without, test) && !passes(withCache, test))
    .map(({ id }) => `regression: ${id} passes with no cache at all`);
}

/** Where the outcome is not the committed one, for better or worse. */
function surprises(): string[] {
  const expected = JSON.parse(readFileSync(EXPECTED, 'utf8')) as Expected;
  const found = passing();
  return (['required', 'optimal'] as const).flatMap((kind) => [
    ...expected[kind].filter((id) => !found[kind].includes(id)).map((id) => `no longer passes: ${id}`),
    ...found[kind].filter((id) => !expected[kind].includes(id)).map((id) => `passes now, unexpectedly: ${id}`),
  ]);
}
