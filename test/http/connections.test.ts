import { once } from 'node:events';
import { Agent } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { send } from '../support/ask.ts';
import { cachedSite } from '../support/cached-site.ts';
import { expressVersions } from '../support/express.ts';
import { gate } from '../support/gate.ts';

/** The bytes of a request that leaves its connection open, or of the last one. */
function get(path: string, last = false): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;
}

describe.each(expressVersions)('a connection on $name', ({ express }) => {
  it('with pipelined requests is answered in their order, misses and hits mixed', async () => {
    const site = await cachedSite(
      express,
      (req, res, run) => void setImmediate(() => res.json({ run, path: req.path })),
    );
    const socket = connect(site.port, '127.0.0.1');
    socket.write([get('/a'), get('/a'), get('/b'), get('/a'), get('/b', true)].join(''));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    expect(text.match(/^\{.*?\}/gm)).toEqual([
      '{"run":1,"path":"/a"}',
      '{"run":1,"path":"/a"}',
      '{"run":2,"path":"/b"}',
      '{"run":1,"path":"/a"}',
      '{"run":2,"path":"/b"}',
    ]);
    expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(5);
    expect(site.runs).toBe(2);
  });

  it('is used again after a miss, a hit, a 304, an empty answer and a bypass', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const site = await cachedSite(express, (req, res) =>
      req.path === '/empty' ? res.status(204).end() : res.set('ETag', '"v1"').send('x'.repeat(5_000)),
    );
    let connections = 0;
    site.server.on('connection', () => (connections += 1));
    const answers = await site.askInTurn(
      { agent },
      { agent },
      { agent, headers: { 'if-none-match': '"v1"' } },
      { agent, headers: { 'accept-encoding': 'br' } },
      { agent, path: '/empty' },
      { agent, path: '/empty' },
      { agent, method: 'HEAD' },
      { agent },
    );
    expect(answers.map(({ status, body }) => [status, body.length > 0])).toEqual([
      [200, true],
      [200, true],
      [304, false],
      [200, true],
      [204, false],
      [204, false],
      [200, false],
      [200, true],
    ]);
    expect(connections).toBe(1);
    expect(site.runs).toBe(2);
  });

  it('that ends in the middle of a hit of a large body hurts nobody', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024, 'answer ');
    const site = await cachedSite(express, (_req, res) => res.type('bin').send(large), {
      cache: { compression: false, memory: { maxEntryBytes: 8 * 1024 * 1024 } },
    });
    await site.ask();
    const closed = gate();
    site.server.once('request', (_req, res) => res.once('close', () => closed.open()));
    const request = send(site.port);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => undefined).once('data', () => request.destroy());
    await closed.opened;
    const hit = await site.ask();
    expect(hit.body.equals(large)).toBe(true);
    expect(hit.cacheStatus).toMatch(/^ai-cache; hit/);
    expect(site.runs).toBe(1);
    expect(site.errors).toEqual([]);
  });

  it('that breaks off its own body never reaches the cache', async () => {
    const site = await cachedSite(express, (_req, res) => res.json({}), { behind: (app) => app.set('env', 'test') });
    const socket = connect(site.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(
      'POST / HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"text":',
    );
    await once(site.server, 'request');
    socket.destroy();
    expect((await site.ask({ json: { text: 'a' } })).status).toBe(200);
    expect(site.runs).toBe(1);
  });

  it('by HTTP/1.0 gets misses and hits as a client of its age can read them', async () => {
    const site = await cachedSite(express, (_req, res) => (res.write('one '), res.end('two')));
    const ask = async (): Promise<string> => {
      const socket = connect(site.port, '127.0.0.1');
      socket.write('GET / HTTP/1.0\r\nHost: test\r\n\r\n');
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString();
    };
    const [miss, hit] = [await ask(), await ask()];
    for (const bytes of [miss, hit]) {
      expect(bytes).not.toMatch(/transfer-encoding/i);
      expect(bytes.split('\r\n\r\n')[1]).toBe('one two');
    }
    expect(site.runs).toBe(1);
  });
});
