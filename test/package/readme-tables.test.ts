/** The tables of README.md and the guide say what the sources say, no less and no more. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { hasOptionsTables, withOptionsTables } from '../../scripts/options-table.ts';
import { INSTRUMENTS, SPANS } from '../../src/telemetry/names.ts';
import { brokenLinks, docPages, unlinkedPages } from './doc-pages.ts';

const root = join(import.meta.dirname, '../..');
const pages = docPages(root);
/** Each table is in one of the pages. */
const text = pages.map(({ markdown }) => markdown).join('\n');

const byText = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

/** The cells of every line of a table, without code marks, by the title of its first column. */
function tableUnder(title: string, start = ''): string[][] {
  const [, table = ''] =
    new RegExp(`^\\| ${title} +\\|.*\\n\\| -.*\\n((?:\\|.*\\n)+)`, 'm').exec(text.slice(text.indexOf(start))) ?? [];
  return table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
}

const firstColumn = (table: readonly (readonly string[])[]): string[] =>
  table.map(([first = '']) => first).toSorted(byText);

/** The members of a union of strings in a source file. */
function unionIn(file: string, name: string): string[] {
  const source = readFileSync(join(root, 'src', file), 'utf8');
  const declaration = new RegExp(`export type ${name} =([^;]+);`).exec(source)?.[1] ?? '';
  const withoutComments = declaration.replaceAll(/\/\*[^]*?\*\//g, '');
  return [...withoutComments.matchAll(/'([^']+)'/g)].map(([, member = '']) => member).toSorted(byText);
}

test.each(pages.filter(({ markdown }) => hasOptionsTables(markdown)))(
  'the options tables of $path are those of the schemas: node scripts/options-table.ts $path writes them',
  ({ markdown }) => expect(markdown).toBe(withOptionsTables(markdown)),
);

test('every options table is there, in one place', () => {
  const marks = [...text.matchAll(/^<!-- (\w+ options) -->$/gm)].map(([, mark]) => mark);
  expect(marks).toEqual(['cache options', 'route options', 'cascade options']);
});

test('every reason to bypass the cache is explained', () => {
  const reasons = unionIn('request/bypass.ts', 'BypassReason');
  expect(reasons).toContain('scope-required');
  expect(firstColumn(tableUnder('reason', '<!-- bypass reasons -->'))).toEqual(reasons);
});

test('every reason not to store an answer is explained', () => {
  const reasons = unionIn('policy/storable.ts', 'NotStoredReason');
  const flaws = unionIn('policy/answer/answer-facts.ts', 'Flaw');
  expect(reasons).toContain('set-cookie');
  expect(flaws).toContain('refusal');
  // Known only when it comes to storing.
  const late = ['no-tier', 'lease-lost'];
  expect(firstColumn(tableUnder('reason', '<!-- not-stored reasons -->'))).toEqual(
    [...reasons, ...flaws, ...late].toSorted(byText),
  );
});

test('every span is listed', () => {
  expect(firstColumn(tableUnder('span'))).toEqual(Object.values(SPANS).toSorted(byText));
});

test('every instrument is listed with its kind and unit', () => {
  const listed = tableUnder('instrument').map((cells) => cells.slice(0, 2));
  expect(listed).toEqual(Object.values(INSTRUMENTS).map(({ name, kind, unit }) => [name, `${kind}, ${unit}`]));
});

test('every dependency is listed', () => {
  expect(firstColumn(tableUnder('dependency'))).toEqual(Object.keys(packageJson.dependencies).toSorted(byText));
});

test('links among README.md, the guide and files lead somewhere', () => {
  expect(brokenLinks(pages, root)).toEqual([]);
});

test('README.md has a link to every page of the guide, and the package has them', () => {
  expect(unlinkedPages(pages)).toEqual([]);
  expect(packageJson.files).toContain('docs/guide');
});

test('every diagnostics channel is explained', () => {
  const source = readFileSync(join(root, 'src/telemetry/channels.ts'), 'utf8');
  const [, members = ''] = /export interface CacheMessages \{([^}]*)\}/.exec(source) ?? [];
  const channels = [...members.matchAll(/'([^']+)'/g)].map(([, name = '']) => name).toSorted(byText);
  expect(channels).toContain('express-ai-cache:outcome');
  expect(firstColumn(tableUnder('channel'))).toEqual(channels);
});

test('every alert is explained, with the time it waits', () => {
  const rules = readFileSync(join(root, 'dashboards/rules/express-ai-cache-alerts.rules.yml'), 'utf8');
  const alerts = [...rules.matchAll(/- alert: (\w+)[^]*?for: (\d+)m/g)].map(([, name, minutes]) => [name, minutes]);
  expect(alerts.length).toBeGreaterThan(3);
  const explained = tableUnder('alert', '<!-- alerts -->').map(([name, when = '']) => [
    name,
    /for (\d+) minutes/.exec(when)?.[1],
  ]);
  expect(explained).toEqual(alerts);
});

test('the files that the package brings are there', () => {
  for (const [, path = ''] of text.matchAll(/node_modules\/express-ai-cache\/([\w/-]+)/g))
    expect({ path, exists: existsSync(join(root, path)) }).toEqual({ path, exists: true });
  expect(packageJson.files).toContain('dashboards');
});
