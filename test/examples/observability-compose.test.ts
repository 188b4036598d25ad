import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const directory = join(import.meta.dirname, '../../examples/observability');

interface Service {
  readonly image: string;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly command?: string;
  readonly depends_on?: readonly string[];
}
interface Pipeline {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

async function yaml<T>(file: string): Promise<T> {
  return parse(await readFile(join(directory, file), 'utf8')) as T;
}

const { services } = await yaml<{ services: Record<string, Service> }>('compose.yaml');

it('names an exact version of every image, and opens ports to this machine alone', () => {
  expect(Object.keys(services).toSorted()).toEqual(['collector', 'grafana', 'jaeger', 'prometheus', 'redis']);
  for (const { image, ports = [] } of Object.values(services)) {
    expect(image).toMatch(/:v?\d+(\.\d+)*(-\w+)?$/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  }
});

it('mounts files that exist, read only, and tells each program the one that is mounted', () => {
  const mounts = Object.values(services).flatMap(({ volumes = [] }) => volumes);
  const told = Object.values(services).flatMap(
    ({ command = '' }) => /--config(?:\.file)?=(\S+)/.exec(command)?.slice(1) ?? [],
  );
  expect(told).toHaveLength(2);
  expect(mounts.map((mount) => mount.split(':')[1])).toEqual(expect.arrayContaining(told));
  expect(mounts.length).toBeGreaterThan(4);
  for (const mount of mounts) {
    const [outside = '', , mode] = mount.split(':');
    expect({ mount, exists: existsSync(join(directory, outside)), mode }).toEqual({ mount, exists: true, mode: 'ro' });
  }
});

it('has a collector whose pipelines are made of what is configured, and go to services that are there', async () => {
  const { service, ...components } = await yaml<{
    service: { pipelines: Record<string, Pipeline> };
    receivers: Record<string, unknown>;
    processors: Record<string, unknown>;
    exporters: { otlp: { endpoint: string } };
  }>('collector.yaml');
  expect(Object.keys(service.pipelines)).toEqual(['traces', 'metrics']);
  for (const pipeline of Object.values(service.pipelines)) {
    for (const kind of ['receivers', 'processors', 'exporters'] as const)
      expect(Object.keys(components[kind])).toEqual(expect.arrayContaining([...pipeline[kind]]));
  }
  expect(services).toHaveProperty(components.exporters.otlp.endpoint.split(':')[0] ?? '');
});

it('has a Prometheus configuration that promtool takes, which scrapes the collector', async () => {
  const file = join(directory, 'prometheus.yaml');
  await expect(promisify(execFile)('promtool', ['check', 'config', '--syntax-only', file])).resolves.toMatchObject({
    stdout: expect.stringContaining('SUCCESS'),
  });
  const { scrape_configs: jobs } = await yaml<{ scrape_configs: [{ static_configs: [{ targets: string[] }] }] }>(
    'prometheus.yaml',
  );
  const { exporters } = await yaml<{ exporters: { prometheus: { endpoint: string } } }>('collector.yaml');
  const port = exporters.prometheus.endpoint.split(':')[1];
  expect(jobs.flatMap(({ static_configs: [{ targets }] }) => targets)).toEqual([`collector:${port}`]);
});

it('gives Grafana data sources that are services, and the folder that the dashboard is mounted in', async () => {
  const { datasources } = await yaml<{ datasources: { url: string }[] }>('grafana/datasources.yaml');
  for (const { url } of datasources) expect(services).toHaveProperty(new URL(url).hostname);
  const { providers } = await yaml<{ providers: { options: { path: string } }[] }>('grafana/dashboards.yaml');
  const inside = services.grafana?.volumes?.map((volume) => volume.split(':')[1] ?? '') ?? [];
  for (const { options } of providers) expect(inside.some((path) => path.startsWith(`${options.path}/`))).toBe(true);
});
