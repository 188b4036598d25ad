/** A target for Prometheus with the names that collectors write: units are part of them (OpenTelemetry to Prometheus compatibility). */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a name gets before `_bucket`, `_sum`, `_count` or `_total`. */
const UNITS: Readonly<Record<string, string>> = {
  ai_cache_request_duration: 'seconds',
  ai_cache_operation_duration: 'seconds',
  ai_cache_key_duration: 'seconds',
  ai_cache_fill_duration: 'seconds',
  ai_cache_codec_duration: 'seconds',
  ai_cache_entry_age: 'seconds',
  ai_cache_saved_time: 'seconds',
  ai_cache_entry_size: 'bytes',
  ai_cache_memory_usage: 'bytes',
  ai_cache_memory_limit: 'bytes',
};

/** Serves the metrics of `url` in that form, as those of the cache `collected`. Resolves to its `host:port`. */
export async function serveCollected(url: string): Promise<{ target: string; stop(): Promise<void> }> {
  const server = createServer((_req, res) => {
    void fetch(url)
      .then((answer) => answer.text())
      .then(
        (text) => res.setHeader('Content-Type', 'text/plain; version=0.0.4').end(collected(text)),
        () => res.writeHead(502).end(),
      );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { target: `127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}

function collected(exposition: string): string {
  return exposition
    .replaceAll(/\bai_cache_[a-z_]+?(?=(?:_bucket|_sum|_count|_total)?[ {])/g, (name) =>
      UNITS[name] === undefined ? name : `${name}_${UNITS[name]}`,
    )
    .replaceAll('cache_name="ai-cache"', 'cache_name="collected"');
}
