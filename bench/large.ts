/**
 * What a body far beyond `maxEntryBytes` leaves in the heap: 2 GiB through a cached route, in pieces of 64 KiB.
 *
 *     npm run bench:large [-- GiB]
 */
import express from 'express';
import { once } from 'node:events';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { aiCache } from 'express-ai-cache';

const PIECE = Buffer.alloc(65_536, 'a');
const pieces = (Number(process.argv[2] ?? 2) * 2 ** 30) / PIECE.length;
const cached = aiCache();
const app = express().get('/large', cached, async (_req, res) => {
  for (let piece = 0; piece < pieces; piece += 1) if (!res.write(PIECE)) await once(res, 'drain');
  res.end();
});
const server = app.listen(0, '127.0.0.1');
await once(server, 'listening');

const before = process.memoryUsage();
let most = before;
let bytes = 0;
const [answer] = (await once(get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/large`), 'response')) as [
  IncomingMessage,
];
for await (const chunk of answer) {
  bytes += (chunk as Buffer).length;
  if (bytes % 2 ** 28 < 65_536) most = larger(most, process.memoryUsage());
}
server.close();
const { requests } = cached.cache.monitor.snapshot();
console.log(`${(bytes / 2 ** 30).toFixed(2)} GiB sent; not stored: ${JSON.stringify(requests.notStoredReasons)}`);
console.log(`heap ${mib(before.heapUsed)} MiB before, ${mib(most.heapUsed)} MiB at most`);
console.log(
  `outside the heap ${mib(before.external)} MiB before, ${mib(most.external)} MiB at most; resident ${mib(most.rss)} MiB at most`,
);

function larger(a: NodeJS.MemoryUsage, b: NodeJS.MemoryUsage): NodeJS.MemoryUsage {
  return {
    rss: Math.max(a.rss, b.rss),
    heapTotal: Math.max(a.heapTotal, b.heapTotal),
    heapUsed: Math.max(a.heapUsed, b.heapUsed),
    external: Math.max(a.external, b.external),
    arrayBuffers: Math.max(a.arrayBuffers, b.arrayBuffers),
  };
}

function mib(value: number): string {
  return (value / 2 ** 20).toFixed(0);
}
