import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';

/** What the build copies out of node_modules. */
const VENDORED = [
  ['uplot.js', 'uplot/dist/uPlot.iife.min.js'],
  ['uplot.css', 'uplot/dist/uPlot.min.css'],
] as const;

/** The page's files as the build would make them, for this repository's own `npm start` and tests. */
export async function sourceFiles(folder: URL): Promise<(readonly [name: string, bytes: Buffer])[]> {
  const names = (await readdir(folder)).filter((name) => /\.(ts|html|css)$/.test(name));
  const own = names.map(async (name) => {
    const bytes = await readFile(new URL(name, folder));
    return name.endsWith('.ts')
      ? ([name.replace(/\.ts$/, '.js'), moduleOf(bytes.toString('utf8'))] as const)
      : ([name, bytes] as const);
  });
  const vendored = VENDORED.map(
    async ([name, path]) => [name, await readFile(new URL(`../../node_modules/${path}`, import.meta.url))] as const,
  );
  return Promise.all([...own, ...vendored]);
}

function moduleOf(source: string): Buffer {
  return Buffer.from(stripTypeScriptTypes(source).replaceAll(/( from '\.\/[^']+)\.ts'/g, "$1.js'"));
}
