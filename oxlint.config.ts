import { defineConfig } from 'oxlint';

/** What a folder must not import. Groups are in the notation of .gitignore: `!` takes back. */
type Restriction = { message: string } & ({ group: string[] } | { regex: string; allowTypeImports?: boolean });

const noPackage = (names: string, message: string): Restriction => ({ regex: `^(${names})$`, message });
const typesOnly = (names: string, message: string): Restriction => ({
  regex: `^(${names})$`,
  allowTypeImports: true,
  message,
});

const express = 'express';
const ioredis = 'ioredis';
const telemetry = '@opentelemetry/.*';
const cache = '../ai-response-cache.ts';
const outside = 'Express, ioredis and OpenTelemetry are each known in one place only.';
const optionTypes = 'An option may hold one of these: types only, a value import would load the package.';

const noneOf = (...names: string[]): Restriction => noPackage(names.join('|'), outside);
const nothingOfSrc: Restriction = { group: ['./**', '../**'], message: 'A leaf: it imports nothing of src.' };
const nothingBesideFolder: Restriction = {
  group: ['../**'],
  message: 'A leaf: it imports nothing outside its folder.',
};

/** Steps do not know each other: they share entries, configuration, errors, the clock, notes, slices and four shapes. */
const sharedBySteps = (...more: string[]): Restriction => ({
  group: [
    '../**',
    '!../clock.ts',
    '!../note.ts',
    '!../in-turns.ts',
    '!../errors.ts',
    '!../config/**',
    '!../entry/**',
    '!../request/ai-request.ts',
    '!../telemetry/events.ts',
    '!../telemetry/outcome.ts',
    '!../tiers/tier.ts',
    ...more.map((path) => `!${path}`),
  ],
  message: 'A step does not import another step: only the middleware knows every step.',
});

/** exchange/ and direct/ put the steps together, for a request and for a direct call. */
const notUpwards: Restriction = {
  group: ['../index.ts', '../middleware.ts', '../ai-response-cache.ts', '../stats/**'],
  message: 'Imports go one way: index, ai-response-cache, middleware, exchange and direct, the steps.',
};

/** cascade/ stands on the cache: it knows the class and what direct/ makes of questions, and nothing of requests over HTTP. */
const aboveTheCache: Restriction = {
  group: ['../index.ts', '../middleware.ts', '../stats/**', '../exchange/**', '../flight/**', '../response/**'],
  message: 'A cascade is built on the cache, not on the middleware.',
};

const imports = (files: string[], ...patterns: Restriction[]) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] as ['error', { patterns: Restriction[] }] },
});

/** The direction of imports. Of the overrides that match a file, the last one holds, alone. */
const direction = [
  imports(['src/*.ts'], typesOnly(express, outside), noneOf(ioredis, telemetry)),
  imports(['src/index.ts'], noneOf(express, ioredis, telemetry)),
  imports(['src/{clock,in-turns,note,when-ready}.ts'], nothingOfSrc, noneOf(express, ioredis, telemetry)),
  imports(['src/errors/**'], nothingBesideFolder, noneOf(express, ioredis, telemetry)),
  imports(['src/exchange/**'], notUpwards, typesOnly(express, outside), noneOf(ioredis, telemetry)),
  imports(['src/direct/**'], notUpwards, noneOf(express, ioredis, telemetry)),
  imports(['src/cascade/**'], aboveTheCache, noneOf(express, ioredis, telemetry)),
  imports(['src/entry/**'], nothingBesideFolder, noneOf(express, ioredis, telemetry)),
  imports(['src/config/**'], sharedBySteps(cache), noneOf(express), typesOnly(`${ioredis}|${telemetry}`, optionTypes)),
  imports(
    ['src/config/route-*.ts'],
    sharedBySteps(cache),
    typesOnly(`${express}|${ioredis}|${telemetry}`, optionTypes),
  ),
  imports(['src/{flight,policy,telemetry}/**'], sharedBySteps(), noneOf(express, ioredis, telemetry)),
  imports(
    ['src/policy/answer/**'],
    sharedBySteps('../../entry/**', '../../in-turns.ts'),
    noneOf(express, ioredis, telemetry),
  ),
  imports(['src/{request,response}/**'], sharedBySteps(), noneOf(ioredis, telemetry)),
  imports(
    ['src/dashboard/**'],
    typesOnly('\\.\\./.*', 'It runs in a browser: of the rest of src it knows types only.'),
  ),
  imports(
    ['src/stats/**'],
    sharedBySteps(cache, '../request/authority.ts', '../request/body.ts', '../telemetry/recent-errors.ts'),
    noneOf(ioredis, telemetry),
  ),
  imports(['src/tiers/**', 'src/flight/redis-*.ts'], sharedBySteps(), noneOf(express, telemetry)),
  imports(
    ['src/tiers/invalidation-{index,selector}.ts'],
    sharedBySteps('../request/key-part.ts', '../request/framed-hash.ts'),
    noneOf(express, telemetry),
  ),
  imports(['src/telemetry/otel*.ts'], sharedBySteps(), noneOf(express, ioredis)),
];

export default defineConfig({
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  ignorePatterns: ['dist', 'coverage', '.cache'],
  rules: {
    eqeqeq: 'error',
    'import/no-cycle': ['error', { ignoreTypes: true }],
    // `fc.string()` and `express.json()` are how these packages are written about.
    'import/no-named-as-default-member': 'off',
    'no-warning-comments': 'error',
    // Its advice is to change the object in place.
    'oxc/no-map-spread': 'off',
    'promise/always-return': 'off',
    'typescript/ban-ts-comment': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-misused-promises': 'error',
    // A function of the user's may return something else than its type says: `=== true` is meant.
    'typescript/no-unnecessary-boolean-literal-compare': 'off',
    // A patched response or a parsed reply has a type that only its author knows.
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/only-throw-error': ['error', { allowThrowingUnknown: true }],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    // Interfaces are written with methods and made of closures.
    'typescript/unbound-method': 'off',
    'vitest/no-disabled-tests': 'error',
    'vitest/no-focused-tests': 'error',
  },
  overrides: [
    {
      files: ['src/**'],
      rules: {
        'max-lines': ['error', 220],
        'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
        'no-console': 'error',
      },
    },
    {
      files: ['test/**'],
      rules: {
        'unicorn/consistent-function-scoping': 'off',
        // A function of the suite's own may do the expecting, and zlib's texts are not ours to expect.
        'vitest/expect-expect': 'off',
        'vitest/require-to-throw-message': 'off',
      },
    },
    // A measurement takes its turns one after the other.
    { files: ['bench/**'], rules: { 'no-await-in-loop': 'off' } },
    ...direction,
  ],
});
