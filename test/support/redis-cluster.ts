/** A real Redis Cluster of several redis-servers on ports of 127.0.0.1, without replicas and without persistence. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startRedis, type RedisServer } from './redis-server.ts';

export interface RedisClusterNode {
  readonly host: string;
  readonly port: number;
  readonly server: RedisServer;
}

export interface RedisCluster {
  readonly nodes: readonly RedisClusterNode[];
  /** What ioredis' Cluster takes as start-up nodes. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** Resolves when all nodes know each other and all slots are served, e.g. after one was started again. */
  formed(): Promise<void>;
  /** Runs a command on the node that serves `key`. */
  cliFor(key: string, ...command: string[]): Promise<string>;
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const SLOTS = 16_384;
const DEADLINE_MS = 30_000;

/** Starts a cluster that serves all slots when this resolves. */
export async function startRedisCluster({ nodes: count = 3 }: { nodes?: number } = {}): Promise<RedisCluster> {
  const ports = await freePorts(count);
  const nodes = await Promise.all(ports.map(startNode));
  try {
    await form(nodes);
  } catch (error) {
    await stopAll(nodes);
    throw error;
  }
  const cliFor = async (key: string, ...command: string[]): Promise<string> => {
    const slot = Number(await (nodes[0] as RedisClusterNode).server.cli('CLUSTER', 'KEYSLOT', key));
    const node = nodes.find((_, index) => slot >= firstSlot(index, count) && slot < firstSlot(index + 1, count));
    return (node as RedisClusterNode).server.cli(...command);
  };
  const addresses = nodes.map(({ host, port }) => ({ host, port }));
  return { nodes, addresses, cliFor, formed: () => formed(nodes), stop: () => stopAll(nodes) };
}

async function startNode(port: number): Promise<RedisClusterNode> {
  const network = ['--bind', HOST, '--port', String(port)];
  const server = await startRedis({
    args: [...network, '--cluster-enabled', 'yes', '--cluster-require-full-coverage', 'no'],
  });
  return { host: HOST, port, server };
}

async function form(nodes: readonly RedisClusterNode[]): Promise<void> {
  await Promise.all(
    nodes.map(async ({ server }, index) => {
      const slots = [firstSlot(index, nodes.length), firstSlot(index + 1, nodes.length) - 1];
      await server.cli('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      await server.cli('CLUSTER', 'ADDSLOTSRANGE', ...slots.map(String));
    }),
  );
  const [first, ...others] = nodes;
  await Promise.all(others.map(async ({ host, port }) => first?.server.cli('CLUSTER', 'MEET', host, String(port))));
  await formed(nodes);
}

async function formed(nodes: readonly RedisClusterNode[]): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  await Promise.all(nodes.map(({ server }) => untilFormed(server, nodes.length, deadline)));
}

async function untilFormed(server: RedisServer, count: number, deadline: number): Promise<void> {
  const info = await server.cli('CLUSTER', 'INFO');
  const isFormed = ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`, `cluster_size:${count}`].every((line) =>
    info.includes(line),
  );
  if (isFormed) return;
  if (Date.now() > deadline) throw new Error(`The cluster did not form:\n${info}`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await untilFormed(server, count, deadline);
}

function firstSlot(index: number, count: number): number {
  return Math.ceil((index * SLOTS) / count);
}

async function stopAll(nodes: readonly RedisClusterNode[]): Promise<void> {
  await Promise.all(nodes.map(({ server }) => server.stop()));
}

/** Ports that are free together with the ones of the cluster bus, 10 000 above; held all at once, so that none comes twice. */
async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(Array.from({ length: 4 * count }, probe));
  const ports = probes.map((server) => (server.address() as AddressInfo).port).filter((port) => port < 55_000);
  await Promise.all(probes.map(async (server) => once(server.close(), 'close')));
  return ports.length < count ? freePorts(count) : ports.slice(0, count);
}

async function probe(): Promise<ReturnType<typeof createServer>> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  return server;
}
