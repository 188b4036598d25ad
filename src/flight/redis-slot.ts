import type { Cluster, Redis } from 'ioredis';

const SLOTS = 16_384;

/** The hash slot of a key on a Redis Cluster: CRC-16/XMODEM of what stands in its first braces (Redis Cluster specification). */
export function slotOf(key: string): number {
  const tag = /^[^{]*\{([^}]+)\}/.exec(key)?.[1] ?? key;
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc % SLOTS;
}

/** `host:port` of the node that serves a key, as this client knows the cluster. */
export function nodeNameOf(cluster: Cluster, key: string): string | undefined {
  return cluster.slots[slotOf(key)]?.[0];
}

/** The connection of a client to one node; undefined where it has none. */
export function nodeOf(cluster: Cluster, name: string): Redis | undefined {
  return cluster.nodes('master').find(({ options }) => `${options.host}:${options.port}` === name);
}
