/**
 * Imports the module named by its argument and prints as JSON what that did: the URLs of all modules that were loaded, and
 * the kinds of timers, sockets, threads and other handles that were made. It ends by itself only if nothing keeps it alive.
 */
import { createHook } from 'node:async_hooks';
import { registerHooks } from 'node:module';

const loaded = [];
registerHooks({
  load(url, context, nextLoad) {
    loaded.push(url);
    return nextLoad(url, context);
  },
});

/** Promises, ticks and the reading of the modules' own files are no traces. */
const ordinary = /^(PROMISE|TickObject|FSREQ.*|FILEHANDLE.*|RANDOMBYTESREQUEST|COMPILE.*)$/;
const handles = [];
const hook = createHook({
  init(_id, kind) {
    if (!ordinary.test(kind)) handles.push(kind);
  },
});

// Node makes these two when they are first looked at, whoever looks.
void [process.stdout, process.stderr];

hook.enable();
await import(process.argv[2]);
hook.disable();
process.on('exit', () => console.log(JSON.stringify({ loaded, handles })));
