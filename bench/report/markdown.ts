/** Tables for people. */
import type { LeftOut, Table } from '../bench.ts';

export function markdownOf({ title, about, columns, rows, leftOut }: Table): string {
  const lines = [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  const absent = leftOut.length === 0 ? [] : ['', 'Left out:', ...groups(leftOut)];
  return [`## ${title}`, '', about, '', ...lines, ...absent, ''].join('\n');
}

/** A line for each reason. */
function groups(leftOut: readonly LeftOut[]): string[] {
  const names = Map.groupBy(leftOut, ({ why }) => why);
  return [...names].map(([why, those]) => `- ${those.map(({ name }) => name).join('; ')}: ${why}`);
}
