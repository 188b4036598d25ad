import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { runExample, startExample } from './observability-example.ts';

describe('the observability example', () => {
  it('without Redis and a collector sends its traffic, asks the machine’s Prometheus, and ends with 0', async () => {
    const { code, stdout, stderr } = await runExample();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Tiers +memory; Redis too with REDIS_URL$/m);
    expect(stdout).toMatch(/^Hit ratio +0\.\d+$/m);
    expect(stdout).toMatch(/^p95 of hits +0\.\d+ s$/m);
    expect(stdout).toMatch(/^p95 of misses +\d+\.\d+ s$/m);
    expect(stdout).toMatch(/^Saved +\d\S* USD an hour$/m);
    expect(stdout).toContain('Everything came out as it should.');
  });

  it('does without a Prometheus too', async () => {
    // A PATH on which nothing is found; the program itself is started by its full path.
    const { code, stdout, stderr } = await runExample({ PATH: '/nowhere' });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Prometheus +not on this machine/m);
  });

  it('says what is wrong with a PORT that is none', async () => {
    expect(await runExample({ PORT: 'abc' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('PORT is "abc"'),
    });
  });

  it('goes on until SIGINT with the dashboard where it says, and ends with 0', async () => {
    const child = startExample({ PATH: '/nowhere' });
    const exited = once(child, 'exit');
    let printed = '';
    const going = Promise.withResolvers<void>();
    child.stdout?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('Traffic goes on until Ctrl-C.')) going.resolve();
    });
    await Promise.race([going.promise, exited]);
    const [, dashboard = ''] = /^Dashboard +(\S+)$/m.exec(printed) ?? [];
    const page = await fetch(dashboard);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
  });
});
