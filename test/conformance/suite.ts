import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** `required`: what a cache must do; `optimal`: what a good one does; `check`: what the suite only wants to know. */
export type Kind = 'required' | 'optimal' | 'check';

/** One request of a test, as far as the site round the origin reads it. */
export interface SuiteRequest {
  readonly disconnect?: boolean;
}

export interface SuiteTest {
  readonly id: string;
  readonly name: string;
  readonly kind?: Kind;
  readonly browser_only?: boolean;
}

export interface SuiteGroup {
  readonly id: string;
  readonly name: string;
  readonly tests: readonly SuiteTest[];
}

/** `true`, or the name of the error and its message. */
export type Results = Readonly<Record<string, true | readonly [name: string, message: string]>>;

/** A handler of the suite's origin; the segments of the path behind the first. */
export type OriginHandler = (segments: readonly string[], req: IncomingMessage, res: ServerResponse) => void;

/** The parts of http-tests/cache-tests that are used, from a checkout. Nothing of it is in this repository. */
export interface Suite {
  readonly groups: readonly SuiteGroup[];
  readonly handleConfig: OriginHandler;
  readonly handleState: OriginHandler;
  readonly handleTest: OriginHandler;
  /** What each request of a running test asks of the origin. */
  readonly configs: ReadonlyMap<string, readonly SuiteRequest[]>;
  /** Runs all tests, so many at a time. */
  run(baseUrl: string, atATime: number): Promise<Results>;
  /** The suite's own judgement of one test, its dependencies included. */
  judge(id: string, results: Results): Verdict;
}

export type Verdict = 'pass' | 'fail' | 'yes' | 'no' | 'setup' | 'dependency' | 'harness' | 'retry' | 'untested';

interface Modules {
  readonly tests: { readonly default: readonly SuiteGroup[] };
  readonly runner: {
    runTests(groups: readonly SuiteGroup[], browser: boolean, base: string, chunk: number): Promise<void>;
    getResults(): Results;
  };
  readonly results: {
    readonly resultTypes: Readonly<Record<string, unknown>>;
    determineTestResult(groups: readonly SuiteGroup[], id: string, results: Results): unknown;
  };
  readonly config: { readonly default: OriginHandler };
  readonly state: { readonly default: OriginHandler };
  readonly test: { readonly default: OriginHandler };
  readonly server: { readonly configs: ReadonlyMap<string, readonly SuiteRequest[]> };
}

const PATHS: Readonly<Record<keyof Modules, string>> = {
  tests: 'tests/index.mjs',
  runner: 'test-engine/client/runner.mjs',
  results: 'test-engine/lib/results.mjs',
  config: 'test-engine/server/handle-config.mjs',
  state: 'test-engine/server/handle-state.mjs',
  test: 'test-engine/server/handle-test.mjs',
  server: 'test-engine/server/utils.mjs',
};

const VERDICTS: readonly (readonly [name: string, verdict: Verdict])[] = [
  ['pass', 'pass'],
  ['fail', 'fail'],
  ['optional_fail', 'fail'],
  ['yes', 'yes'],
  ['no', 'no'],
  ['setup_fail', 'setup'],
  ['dependency_fail', 'dependency'],
  ['harness_fail', 'harness'],
  ['retry', 'retry'],
  ['untested', 'untested'],
];

/** Loads the suite from a checkout whose own dependencies are installed. Throws where it is not one. */
export async function loadSuite(directory: string): Promise<Suite> {
  if (!existsSync(join(directory, PATHS.tests))) throw new Error(`No checkout of http-tests/cache-tests: ${directory}`);
  try {
    createRequire(join(directory, 'package.json')).resolve('undici');
  } catch {
    throw new Error(`The suite's own dependencies are missing: run "npm install" in ${directory}`);
  }
  const loaded = await Promise.all(
    Object.entries(PATHS).map(async ([name, path]) => {
      const module: unknown = await import(pathToFileURL(join(directory, path)).href);
      return [name, module] as const;
    }),
  );
  return suiteOf(Object.fromEntries(loaded) as unknown as Modules);
}

function suiteOf({ tests, runner, results, config, state, test, server }: Modules): Suite {
  const groups = tests.default;
  return {
    groups,
    handleConfig: config.default,
    handleState: state.default,
    handleTest: test.default,
    configs: server.configs,
    async run(baseUrl, atATime) {
      await runner.runTests(groups, false, baseUrl, atATime);
      return runner.getResults();
    },
    judge(id, all) {
      const type = results.determineTestResult(groups, id, all);
      return VERDICTS.find(([name]) => results.resultTypes[name] === type)?.[1] ?? 'untested';
    },
  };
}
