import { expect, test } from 'vitest';
import { brokenLinks, unlinkedPages } from './doc-pages.ts';
import type { DocPage } from './doc-pages.ts';

const root = import.meta.dirname;

function pages(readme: string, guide: string): readonly DocPage[] {
  return [
    { path: 'README.md', markdown: readme },
    { path: 'docs/guide/streams.md', markdown: guide },
  ];
}

test('links between README.md and a page of the guide lead to headings, in both directions and within a page', () => {
  const found = brokenLinks(
    pages(
      '# Cache\n## First use\n[streams](docs/guide/streams.md), [joining](docs/guide/streams.md#joining), [use](#first-use)',
      '# Streams\n## Joining\n[back](../../README.md#first-use), [joining](#joining)',
    ),
    root,
  );
  expect(found).toEqual([]);
});

test.each([
  ['a page that is not there', '[a](docs/guide/stream.md)', '', 'README.md: docs/guide/stream.md'],
  ['an anchor that is not in its own page', '[a](#nowhere)', '', 'README.md: #nowhere'],
  ['an anchor that a page lacks', '[a](docs/guide/streams.md#gone)', '', 'README.md: docs/guide/streams.md#gone'],
  ['an anchor that README.md lacks', '', '[a](../../README.md#gone)', 'docs/guide/streams.md: ../../README.md#gone'],
  ['a file, by a path as if from the root', '', '[a](README.md)', 'docs/guide/streams.md: README.md'],
  ['an image that is not there', '![a](docs/none.png)', '', 'README.md: docs/none.png'],
  ['an anchor of a file that is no page', '[a](doc-pages.ts#top)', '', 'README.md: doc-pages.ts#top'],
  ['a heading inside of a program', '[a](#run)\n```bash\n# run\n```', '', 'README.md: #run'],
])('a link to %s is broken', (_what, readme, guide, broken) => {
  expect(brokenLinks(pages(readme, guide), root)).toEqual([broken]);
});

test('anchors are those of GitHub: without punctuation and marks, numbered where a heading comes again', () => {
  const readme = "# What's `raw`, and why?\n## Use\n## Use\n[a](#whats-raw-and-why) [b](#use) [c](#use-1) [d](#use-2)";
  expect(brokenLinks(pages(readme, ''), root)).toEqual(['README.md: #use-2']);
});

test('files, other sites and what stands in programs are left alone', () => {
  const readme =
    '[a](doc-pages.ts) [b](https://example.com/none#a)\n```md\n[c](none.md)\n```\n<!-- [d](none.md) --> `[e](none.md)`';
  expect(brokenLinks(pages(readme, ''), root)).toEqual([]);
});

test('a page that README.md does not link to is found, whoever else does', () => {
  expect(unlinkedPages(pages('text', '[me](streams.md)'))).toEqual(['docs/guide/streams.md']);
  expect(unlinkedPages(pages('[s](docs/guide/streams.md#joining)', ''))).toEqual([]);
});
