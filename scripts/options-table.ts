/** Writes the options tables, made from the options' schemas, into Markdown files: `node scripts/options-table.ts README.md`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { cascadeOptions } from '../src/cascade/options.ts';
import { environmentVariables } from '../src/config/env.ts';
import { documentedOptions } from '../src/config/option-docs.ts';
import type { DocumentedOption } from '../src/config/option-docs.ts';
import { routeOptions } from '../src/config/route-schema.ts';
import { cacheOptions } from '../src/config/schema.ts';

const MIB = 1_048_576;
const NO_BREAK_SPACE = '\u00A0';

const TABLES: readonly (readonly [name: string, write: () => string])[] = [
  ['cache options', cacheOptionsTable],
  ['route options', routeOptionsTable],
  ['cascade options', cascadeOptionsTable],
];
const MARKS = TABLES.map(([name]) => `<!-- ${name} -->`);

/** The text with the tables of today between those of the marks that it has: `<!-- cache options -->` … `<!-- end -->`, and so on. */
export function withOptionsTables(markdown: string): string {
  if (!hasOptionsTables(markdown)) throw new Error(`There is none of ${MARKS.join(', ')} to write behind.`);
  return TABLES.reduce((text, [name, write]) => between(text, name, write), markdown);
}

export function hasOptionsTables(markdown: string): boolean {
  return MARKS.some((mark) => markdown.includes(mark));
}

/** Options of a cache: with their variables. */
export function cacheOptionsTable(): string {
  const variables = new Map(environmentVariables().map(({ option, name }) => [option, name]));
  return table(
    ['option', 'variable', 'default', 'meaning'],
    documentedOptions(cacheOptions).map((option) => {
      const variable = variables.get(option.path);
      return [
        `\`${option.path}\``,
        variable === undefined ? '' : `\`${variable}\``,
        defaultText(option),
        option.meaning,
      ];
    }),
  );
}

/** Options of a mount. */
export function routeOptionsTable(): string {
  return namesTable(routeOptions);
}

/** Options of a cascade of providers. */
export function cascadeOptionsTable(): string {
  return namesTable(cascadeOptions);
}

/** Options that no variable sets. */
function namesTable(schema: Parameters<typeof documentedOptions>[0]): string {
  return table(
    ['option', 'default', 'meaning'],
    documentedOptions(schema).map((option) => [`\`${option.path}\``, defaultText(option), option.meaning]),
  );
}

function defaultText(option: DocumentedOption): string {
  if (option.defaultText !== undefined) return option.defaultText;
  if (option.env?.isSwitch) return 'on';
  const value = option.default;
  if (typeof value === 'number' && option.path.endsWith('Bytes') && value % MIB === 0)
    return `${grouped(value / MIB)}${NO_BREAK_SPACE}MiB`;
  if (typeof value === 'number') return grouped(value);
  if (typeof value === 'object' && value !== null) return Object.values(value).map(itemText).join(', ') || 'none';
  return value === undefined ? 'none' : itemText(value);
}

function itemText(value: unknown): string {
  return typeof value === 'number' ? grouped(value) : `\`${String(value)}\``;
}

/** 10 000: groups of three digits with a space that does not break. */
function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, NO_BREAK_SPACE);
}

/** Columns of equal width, as the formatter wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...escaped.map((cells) => cells[column]?.length ?? 0)));
  const [first, ...others] = escaped.map((cells) =>
    line(cells.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  return [first, line(widths.map((width) => '-'.repeat(width))), ...others].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function between(markdown: string, name: string, write: () => string): string {
  const mark = `<!-- ${name} -->`;
  if (!markdown.includes(mark)) return markdown;
  const pattern = new RegExp(`(${mark}\n)[^]*?(<!-- end -->)`);
  if (!pattern.test(markdown)) throw new Error(`There is no <!-- end --> behind ${mark}.`);
  return markdown.replace(pattern, (_, start: string, end: string) => `${start}\n${write()}\n\n${end}`);
}

if (import.meta.main)
  for (const file of process.argv.slice(2)) writeFileSync(file, withOptionsTables(readFileSync(file, 'utf8')));
