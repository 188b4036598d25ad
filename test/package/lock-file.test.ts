import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const path = join(import.meta.dirname, '../../package-lock.json');
const { packages } = JSON.parse(readFileSync(path, 'utf8')) as { packages: Readonly<Record<string, Locked>> };

test('the lock file names no registry, so that npm ci works with any', () => {
  const hosts = Object.values(packages).filter(({ resolved }) => resolved !== undefined && /^https?:/.test(resolved));
  expect(hosts).toEqual([]);
});

test('the lock file has the optional packages of every platform, without which npm ci refuses it', () => {
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
});
