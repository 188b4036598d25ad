/**
 * What the cache costs beside a bare Express route, beside its peers and beside itself: a table a scenario.
 *
 *     npm run bench [-- --quick] [-- --only s1,s2 --rounds 5 --seconds 3 --contenders raw,nginx]
 *
 * The tables go to standard output and, as Markdown and JSON, to .cache/bench. The exit code says whether ours answered right.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Bench, Table } from './bench.ts';
import { CONTENDERS, REFERENCE } from './contenders/index.ts';
import { chooseGenerator } from './load/load.ts';
import { anywhere, canPin, pinned } from './measure/cores.ts';
import { installPeers } from './peers.ts';
import { describe, thisMachine } from './report/machine.ts';
import { markdownOf } from './report/markdown.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { settingsFrom, type Settings } from './settings.ts';

const settings = settingsFrom(process.argv.slice(2));
installPeers();
const failures = new Set<string>();
const bench = benchOf(settings, (what) => failures.add(what));
const tables: Table[] = [];
for (const scenario of SCENARIOS) {
  if (!chosen(settings.scenarios, scenario.id, 'beginning')) continue;
  bench.say(scenario.id);
  for (const table of await scenario.run(bench)) {
    tables.push(table);
    console.log(markdownOf(table));
  }
}
if (settings.isQuick) console.log('Quick: probed for correctness. The times above are no measurement.');
else write(tables);
for (const failure of failures) console.error(`failed: ${failure}`);
process.exitCode = failures.size === 0 ? 0 : 1;

function benchOf(given: Settings, fail: (what: string) => void): Bench {
  const isPinned = !given.isQuick && canPin();
  const generator = chooseGenerator();
  console.error(
    `Load by ${generator.name}, ${isPinned ? 'server and load on a core each' : 'no core of its own for anybody'}.`,
  );
  return {
    ...given,
    generator,
    onCore: isPinned ? pinned : anywhere,
    wants: (name) => name === REFERENCE || chosen(given.contenders, name, 'part'),
    say: (line) => console.error(line),
    fail,
  };
}

function chosen(wanted: readonly string[], name: string, by: 'beginning' | 'part'): boolean {
  const matches = (text: string): boolean =>
    by === 'part' ? name.includes(text) : name === text || name.startsWith(`${text}-`);
  return wanted.length === 0 || wanted.some(matches);
}

function write(all: readonly Table[]): void {
  const directory = fileURLToPath(new URL('../.cache/bench/', import.meta.url));
  mkdirSync(directory, { recursive: true });
  const machine = thisMachine();
  const { rounds, seconds, connections } = settings;
  const how = { rounds, seconds, connections, generator: bench.generator.name, contenders: CONTENDERS.length };
  const markdown = [`# Benchmark`, '', describe(machine), '', ...all.map(markdownOf)].join('\n');
  writeFileSync(`${directory}report.md`, markdown);
  writeFileSync(`${directory}report.json`, JSON.stringify({ machine, how, tables: all }, null, 2));
  console.error('Written: .cache/bench/report.md and report.json');
}
