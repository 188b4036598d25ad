/**
 * The value a table has for a model: under its very name, else under the longest beginning of it that has `*` behind it
 * (`gpt-4o*`). Case does not count.
 */
export function forModel<T>(table: Readonly<Record<string, T>>, model: string): T | undefined {
  const name = model.toLowerCase();
  let best: T | undefined;
  let bestLength = -1;
  for (const [key, value] of Object.entries(table)) {
    const pattern = key.toLowerCase();
    if (pattern === name) return value;
    const length = pattern.length - 1;
    if (!pattern.endsWith('*') || length <= bestLength || !name.startsWith(pattern.slice(0, -1))) continue;
    best = value;
    bestLength = length;
  }
  return best;
}
