import { defineConfig } from 'vitest/config';

/** One project for each folder of test/, with its time limit for one test in milliseconds. */
const projects = {
  unit: 10_000,
  http: 20_000,
  redis: 30_000,
  contract: 30_000,
  telemetry: 30_000,
  clients: 30_000,
  browser: 60_000,
  examples: 120_000,
  package: 120_000,
};

/** The condition of package.json's `exports` under which 'express-ai-cache' is src/, not dist/. */
const conditions = ['@express-ai-cache/source'];

export default defineConfig({
  test: {
    // Each file has a process of its own: child processes, sockets and global OpenTelemetry providers end with it.
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    allowOnly: false,
    dangerouslyIgnoreUnhandledErrors: false,
    reporters: process.env.CI ? ['default', ['json', { outputFile: '.cache/vitest.json' }]] : ['default'],
    projects: Object.entries(projects).map(([name, timeout]) => ({
      extends: true,
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        testTimeout: timeout,
        hookTimeout: timeout,
        teardownTimeout: 10_000,
      },
    })),
  },
});
