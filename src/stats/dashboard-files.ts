import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';

/** A file of the page, as it is sent. */
export interface DashboardFile {
  readonly contentType: string;
  readonly etag: string;
  readonly bytes: Buffer;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Beside this file's folder, in src/ as in dist/. */
const FOLDER = new URL('../dashboard/', import.meta.url);
const isSource = extname(import.meta.url) === '.ts';

/** The page's files by name, read when first asked for; a failure is not kept. */
export function dashboardFiles(): () => Promise<ReadonlyMap<string, DashboardFile>> {
  let files: Promise<ReadonlyMap<string, DashboardFile>> | undefined;
  return () => {
    files ??= (isSource ? readSources() : readBuilt()).catch((error: unknown) => {
      files = undefined;
      throw error;
    });
    return files;
  };
}

async function readBuilt(): Promise<ReadonlyMap<string, DashboardFile>> {
  const names = (await readdir(FOLDER)).filter((name) => extname(name) in CONTENT_TYPES);
  return new Map(
    await Promise.all(names.map(async (name) => [name, fileOf(name, await readFile(new URL(name, FOLDER)))] as const)),
  );
}

/** From src/ the modules are made on the fly, and uPlot is where npm has put it. */
async function readSources(): Promise<ReadonlyMap<string, DashboardFile>> {
  const { sourceFiles } = await import('./dashboard-sources.ts');
  return new Map((await sourceFiles(FOLDER)).map(([name, bytes]) => [name, fileOf(name, bytes)]));
}

function fileOf(name: string, bytes: Buffer): DashboardFile {
  const digest = createHash('sha256').update(bytes).digest('base64url');
  return { contentType: CONTENT_TYPES[extname(basename(name))] ?? '', etag: `"${digest.slice(0, 22)}"`, bytes };
}
