/**
 * `npm run example:translation`: starts the app with four emulated providers, has some texts translated, shows what came of it and
 * stays up. With `-- --exit` it ends then, with 0 if everything came out as it should, else with 1.
 *
 * Environment, all of it optional: `PORT` (default: a free one), `REDIS_URL` (default: memory alone).
 */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { drive, type Row } from './drive.ts';
import { startInstance, type Instance } from './instance.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { exit: { type: 'boolean', default: false } } });
  const instance = await startInstance(portFrom(process.env.PORT), process.env.REDIS_URL || undefined);
  const faults = await show(instance);
  if (values.exit) {
    process.exitCode = faults.length === 0 ? 0 : 1;
  } else {
    const told = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
    console.log(invitation(instance));
    await told;
    console.log('\nEnding.');
  }
  await instance.stop();
}

/** Prints everything; resolves to what did not come out as it should. */
async function show(instance: Instance): Promise<string[]> {
  console.log(`App        POST ${instance.origin}/api/translate and /api/translate/batch`);
  console.log(`Providers  openai, anthropic, mistral, deepseek: emulated\n`);
  console.log(lineOf({ title: 'Request', status: 'HTTP', calls: 'Calls', outcome: 'What came of it' }));
  console.log('─'.repeat(100));
  const rows = await drive(instance, (row) => console.log(lineOf(row)));
  const { cache, cascade } = instance.service.stats();
  console.log(
    `\nTranslations  ${cascade.hits} hits, ${cascade.misses} made, ${cascade.coalesced} coalesced, ${cascade.failed} failed`,
  );
  console.log(`Fallbacks     ${cascade.fallbacks}`);
  console.log(
    `Saved         ${cache.saved.inputTokens + cache.saved.outputTokens} tokens, ${cache.saved.usd.toFixed(6)} USD`,
  );
  for (const { provider, model, calls, answers, failures, circuit } of cascade.providers) {
    console.log(
      `${provider.padEnd(13)} ${model}: ${calls} calls, ${answers} answers, ${failures} failures, circuit ${circuit}`,
    );
  }
  const faults = rows.map(({ fault }) => fault).filter((fault) => fault !== undefined);
  console.log(faults.length === 0 ? '\nEverything came out as it should.' : '\nNot everything came out as it should:');
  for (const fault of faults) console.log(`- ${fault}`);
  return faults;
}

function lineOf({
  title,
  status,
  calls,
  outcome,
}: Omit<Row, 'status' | 'fault'> & { status: number | string }): string {
  return `${title.padEnd(42)}  ${String(status).padEnd(4)}  ${calls.padEnd(9)}  ${outcome}`;
}

function invitation({ origin, webhookSecret }: Instance): string {
  const json = `-H 'Content-Type: application/json'`;
  return `
Translate yourself, twice; make openai fail, or heal it; say that articles have changed:

  curl ${origin}/api/translate ${json} -d '{"text":"Good morning","to":"fr","collection":"articles"}'
  curl ${origin}/demo/openai ${json} -d '{"fail":503}'
  curl ${origin}/demo/openai ${json} -d '{}'
  curl ${origin}/webhooks/content ${json} -H 'x-webhook-secret: ${webhookSecret}' \\
    -d '{"event":"items.update","collection":"articles","keys":["1"]}'
  curl ${origin}/api/translate/stats

Ctrl-C ends this.`;
}

function portFrom(text: string | undefined): number {
  const port = Number(text || 0);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Error(`PORT is "${text}". Allowed: a whole number from 0 to 65535.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
