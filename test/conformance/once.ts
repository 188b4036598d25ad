/** One run of the suite in a process of its own, for the suite keeps its results in modules: `node once.ts DIR cache|none FILE`. */
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { aiCache } from '../../src/index.ts';
import { CONFORMANCE_OPTIONS } from './options.ts';
import { originApp } from './site.ts';
import { loadSuite } from './suite.ts';

/** All tests at once: they wait more than they work. */
const AT_A_TIME = 400;

const [directory = '', mode, file = ''] = process.argv.slice(2);
const suite = await loadSuite(directory);
const cache = mode === 'cache' ? aiCache(CONFORMANCE_OPTIONS) : undefined;
const server = originApp(suite, cache).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
const { port } = server.address() as AddressInfo;
const results = await suite.run(`http://127.0.0.1:${port}`, AT_A_TIME);
const verdicts = Object.fromEntries(
  suite.groups.flatMap(({ tests }) => tests).map(({ id }) => [id, suite.judge(id, results)]),
);
writeFileSync(file, JSON.stringify({ verdicts, results }));
await cache?.cache.close();
// The suite's client keeps its connections and says nothing when it is done with them.
process.exit(0);
