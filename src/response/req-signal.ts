import { IncomingMessage } from 'node:http';
import { noteOn } from '../note.ts';

/** Whether the answer to a request is still wanted, asked for when somebody looks. */
type Wanted = () => AbortSignal;

const wanted = noteOn<IncomingMessage, Wanted | undefined>();

/** The same functions for all requests: V8 would make a hidden class for each request that has its own. */
const SIGNAL: PropertyDescriptor & ThisType<IncomingMessage> = {
  configurable: true,
  get() {
    const ours = wanted.get(this);
    return ours === undefined ? Reflect.get(IncomingMessage.prototype, 'signal', this) : ours();
  },
  set(value: unknown) {
    Object.defineProperty(this, 'signal', { value, configurable: true, writable: true });
  },
};

/**
 * Puts a signal in the place of `req.signal`, where Node has it: its own aborts when the client goes. Returns a function that gives
 * Node's back.
 */
export function replaceSignal(req: IncomingMessage, signal: Wanted): () => void {
  if (!('signal' in req)) return () => undefined;
  wanted.set(req, signal);
  Object.defineProperty(req, 'signal', SIGNAL);
  return () => wanted.set(req, undefined);
}
