import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function packagesIn(file: string): Readonly<Record<string, Locked>> {
  const text = readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  return (JSON.parse(text) as { packages: Readonly<Record<string, Locked>> }).packages;
}

const both = ['package-lock.json', 'bench/peers/package-lock.json'];

test.each(both)('%s names no registry, so that npm ci works with any', (file) => {
  const packages = packagesIn(file);
  const hosts = Object.values(packages).filter(({ resolved }) => resolved !== undefined && /^https?:/.test(resolved));
  expect(hosts).toEqual([]);
});

test.each(both)('%s has the optional packages of every platform, without which npm ci refuses it', (file) => {
  const packages = packagesIn(file);
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies));
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.filter((name) => packages[`node_modules/${name}`] === undefined)).toEqual([]);
});
