/** nginx with its proxy cache, keyed by address and body. */
import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Contender } from '../contender.ts';
import { express5 } from './express.ts';
import { startProxy, whyNoProxy } from './outside.ts';

export const nginx: Contender = {
  cannot: (site) => whyNoProxy('nginx', '-v', site),
  start: async (site, origin) => {
    const app = (await express5.start(site, origin)) as RequestListener;
    return startProxy({ program: 'nginx', configure }, app);
  },
};

function configure(directory: string, port: number, originPort: number): string[] {
  const file = join(directory, 'nginx.conf');
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${directory}/pid; error_log stderr error; user root;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_buffer_size 1m; client_max_body_size 1m; client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/temp; fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  # The key, body and all, has to fit into it.
  proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 128k;
  proxy_cache_path ${directory}/cache keys_zone=answers:64m max_size=2g;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      proxy_pass http://127.0.0.1:${originPort};
      proxy_cache answers; proxy_cache_methods GET HEAD POST; proxy_cache_valid 200 1h; proxy_cache_lock on;
      proxy_cache_key $request_method$request_uri$request_body;
    }
  }
}
`,
  );
  return ['-c', file, '-e', 'stderr'];
}
