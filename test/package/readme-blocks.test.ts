import { expect, test } from 'vitest';
import { readBlocks } from './readme-blocks.ts';
import type { Blocks } from './readme-blocks.ts';

const fence = '```';
const read = (markdown: string): Blocks => readBlocks({ path: 'docs/guide/a.md', markdown });

test('a block gets what its setup and then comments add, and ends by itself where nothing says what it prints', () => {
  const { programs } = read(
    `# Title\n\n<!-- setup\nconst a = 1;\n-->\n${fence}ts\nconst b = a;\n${fence}\n<!-- then\nawait b;\n-->\n`,
  );
  expect(programs).toHaveLength(1);
  expect(programs[0]?.place).toBe('docs/guide/a.md:6');
  expect(programs[0]?.code.split(/\n+/)).toEqual([
    'const a = 1;',
    'const b = a;',
    'await b;',
    'process.exit();',
    'export {};',
    '',
  ]);
});

test('a setup belongs to the next block only', () => {
  const { programs } = read(`<!-- setup\nconst a = 1;\n-->\n${fence}ts\na;\n${fence}\n\n${fence}js\n1;\n${fence}\n`);
  expect(programs.map(({ language }) => language)).toEqual(['ts', 'js']);
  expect(programs[1]?.code).not.toContain('const a');
});

test('prints comments are regular expressions, and a block that has one is not ended by its own code', () => {
  const { programs } = read(`${fence}js\nlog();\n${fence}\n\n<!-- prints: ^hit -->\n<!-- prints: \\d+ calls? -->\n`);
  expect(programs[0]?.prints).toEqual([/^hit/m, /\d+ calls?/m]);
  expect(programs[0]?.code).not.toContain('process.exit');
});

test('blocks in other languages are no programs, and of shell blocks the npm scripts are noted', () => {
  const { programs, npmScripts } = read(
    `${fence}json\n{}\n${fence}\n${fence}bash\nnpm ci && npm start -- --exit\nnpm run package:check\nnpm install express\n${fence}\n`,
  );
  expect(programs).toEqual([]);
  expect(npmScripts).toEqual(['start', 'package:check']);
});

test('a shell block with run is run by the program before it, in order', () => {
  const { programs } = read(
    `${fence}ts\nserve();\n${fence}\n<!-- then\nready();\n-->\n${fence}bash\ncurl http://localhost:3000/a\n${fence}\n<!-- run -->\n<!-- prints: ok -->\n`,
  );
  expect(programs[0]?.code).toMatch(/^serve\(\);[^]*ready\(\);[^]*curl http:\/\/localhost:3000\/a[^]*await origin/m);
  expect(programs[0]?.prints).toEqual([/ok/m]);
});

test('a comment without a block is an error that names its page and line', () => {
  expect(() => read('text\n<!-- prints: x -->\n')).toThrow('docs/guide/a.md:2:');
  expect(() => read('<!-- setup\n1;\n-->\n')).toThrow('docs/guide/a.md: there is no block after');
});
