/** Varnish, keyed by address and body; the latter needs the modules of the package varnish-modules. */
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Contender } from '../contender.ts';
import { express5 } from './express.ts';
import { startProxy, whyNoProxy } from './outside.ts';

export const varnish: Contender = {
  cannot: (site) => whyNoProxy('varnishd', '-V', site),
  start: async (site, origin) => {
    const app = (await express5.start(site, origin)) as RequestListener;
    return startProxy({ program: 'varnishd', configure: (...args) => configure(site.method, ...args) }, app);
  },
};

function configure(method: string, directory: string, port: number, originPort: number): string[] {
  const file = join(directory, 'answers.vcl');
  writeFileSync(file, method === 'GET' ? getOnly(originPort) : withBodies(originPort));
  const storage = ['-s', 'malloc,2g', '-n', join(directory, 'run')];
  return ['-F', '-j', 'none', '-a', `127.0.0.1:${port}`, '-f', file, ...storage];
}

function getOnly(originPort: number): string {
  return `vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_backend_response { set beresp.ttl = 1h; }
`;
}

function withBodies(originPort: number): string {
  return `vcl 4.1;
import std;
import bodyaccess;
backend default { .host = "127.0.0.1"; .port = "${originPort}"; }
sub vcl_recv {
  unset req.http.x-has-body;
  if (req.method == "POST" && std.cache_req_body(1MB)) {
    set req.http.x-has-body = "1";
    return (hash);
  }
}
sub vcl_hash { if (req.http.x-has-body) { bodyaccess.hash_req_body(); } }
sub vcl_backend_fetch { if (bereq.http.x-has-body) { set bereq.method = "POST"; } }
sub vcl_backend_response { set beresp.ttl = 1h; }
`;
}
