/** One request over a connection that is kept, and all of its answer. */
import { Agent, request } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import type { Asked } from '../site.ts';

export interface Answered {
  readonly status: number;
  readonly contentType: string;
  /** Without its coding. */
  readonly body: Buffer;
}

const DECODERS: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  br: promisify(brotliDecompress),
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  zstd: promisify(zstdDecompress),
};

export class Client {
  readonly #agent: Agent;

  constructor(connections: number) {
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  async ask(port: number, { method, path, headers, body = '' }: Asked): Promise<Answered> {
    const length = body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const options = { host: '127.0.0.1', port, method, path, agent: this.#agent, headers: { ...headers, ...length } };
    const sent = request(options, (res) => {
      const chunks: Buffer[] = [];
      res.on('data', (chunk: Buffer) => chunks.push(chunk));
      res.once('error', reject);
      res.once('end', () => {
        const decode = DECODERS[res.headers['content-encoding'] ?? ''] ?? ((whole: Buffer) => Promise.resolve(whole));
        const { statusCode: status = 0, headers: received } = res;
        const contentType = received['content-type'] ?? '';
        void decode(Buffer.concat(chunks)).then((whole) => resolve({ status, contentType, body: whole }), reject);
      });
    });
    sent.once('error', reject);
    sent.end(body);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
