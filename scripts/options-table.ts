/** Prints the README's options tables, made from the options' schemas: `node scripts/options-table.ts`. */
import { environmentVariables } from '../src/config/env.ts';
import { documentedOptions } from '../src/config/option-docs.ts';
import type { DocumentedOption } from '../src/config/option-docs.ts';
import { routeOptions } from '../src/config/route-schema.ts';
import { cacheOptions } from '../src/config/schema.ts';

const MIB = 1_048_576;
const NO_BREAK_SPACE = '\u00A0';

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
  return table(
    ['option', 'default', 'meaning'],
    documentedOptions(routeOptions).map((option) => [`\`${option.path}\``, defaultText(option), option.meaning]),
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

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

if (import.meta.main) process.stdout.write(`${cacheOptionsTable()}\n\n${routeOptionsTable()}\n`);
