/** Loaded before a block of README.md or the guide: servers get a free port, and `origin` is the URL of the first that listens. */
import { Server } from 'node:net';

const { promise, resolve } = Promise.withResolvers();
globalThis.origin = promise;

const { listen } = Server.prototype;
Server.prototype.listen = function listenAnywhere(where, ...rest) {
  const port = typeof where === 'object' ? where?.port : where;
  if (!Number.isInteger(Number(port))) return listen.call(this, where, ...rest);
  this.once('listening', () => resolve(`http://127.0.0.1:${this.address().port}`));
  return listen.call(this, 0, '127.0.0.1', ...rest.filter((argument) => typeof argument === 'function'));
};
