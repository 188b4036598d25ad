/** A unix socket in front of another, whose traffic is late by a millisecond each way: `slow-redis.ts <socket> <in front of>`. */
import { connect, createServer, type Socket } from 'node:net';

const [front = '', behind = ''] = process.argv.slice(2);
const LATE_MS = 1;

createServer((client) => {
  const redis = connect(behind);
  forward(client, redis);
  forward(redis, client);
}).listen(front, () => process.send?.('listening'));
process.once('disconnect', () => process.exit());

function forward(from: Socket, to: Socket): void {
  from.setNoDelay?.(true);
  from.on('data', (chunk) => void setTimeout(() => to.write(chunk), LATE_MS));
  from.on('close', () => to.destroy());
  from.on('error', () => to.destroy());
}
