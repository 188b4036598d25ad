/** Runs one load as told by its argument and prints what came of it. */
import autocannon from 'autocannon';
import type { Loaded, Plan } from '../load/load.ts';
import { PLACEHOLDER } from '../site.ts';

const { port, asked, connections, seconds, numbers } = JSON.parse(process.argv[2] ?? '') as Plan;
let sent = 0;
const result = await autocannon({
  url: `http://127.0.0.1:${port}`,
  connections,
  duration: seconds,
  requests: [{ ...asked, ...(numbers === undefined ? {} : { setupRequest: numbered(numbers) }) }],
});
const loaded: Loaded = {
  requests: result.requests.total,
  seconds: result.duration,
  errors: result.errors + result.non2xx,
};
console.log(JSON.stringify(loaded));

function numbered({ from, count }: NonNullable<Plan['numbers']>) {
  return <R extends { path?: string; body?: string }>(request: R): R => {
    const n = `${from + (sent % count)}`;
    sent += 1;
    const path = asked.path.replace(PLACEHOLDER, n);
    return { ...request, path, ...(asked.body === undefined ? {} : { body: asked.body.replace(PLACEHOLDER, n) }) };
  };
}
