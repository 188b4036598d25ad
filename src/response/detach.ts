import type { IncomingMessage, ServerResponse } from 'node:http';

/** Events by which handlers learn that the client has gone. */
const FAREWELLS: ReadonlySet<string | symbol> = new Set(['close', 'aborted']);

/**
 * Lets a handler finish its answer for others when its client has gone (DESIGN D12). `pipe`, `pipeline` and loops that await
 * `drain` die or hang with the socket; so from then on the farewells of `req` and `res` are withheld, writes are accepted at
 * once, and `end` finishes. The bytes go to the recorder alone.
 */
export class Detachment {
  readonly #res: ServerResponse;
  readonly #undo: (() => void)[];
  readonly #withheld: (() => void)[] = [];
  #isDetached = false;

  /** `onGone` is told when the client goes and says whether the handler shall go on. */
  constructor(req: IncomingMessage, res: ServerResponse, onGone: () => 'go-on' | 'stop') {
    this.#res = res;
    const shallWithhold = (): boolean => {
      if (this.#isDetached) return true;
      if (!req.socket.destroyed || res.writableFinished || onGone() === 'stop') return false;
      this.#detach();
      return true;
    };
    this.#undo = [withhold(res, shallWithhold, this.#withheld), withhold(req, shallWithhold, this.#withheld)];
  }

  get isDetached(): boolean {
    return this.#isDetached;
  }

  #detach(): void {
    this.#isDetached = true;
    // Handlers that ask before they write, and pipelines that look before they start, find an open response.
    this.#res.destroyed = false;
    // A handler may be waiting for a socket that will never drain.
    if (this.#res.listenerCount('drain') > 0) setImmediate(() => this.#res.emit('drain'));
  }

  /** The fill is over: whoever still listens hears what was withheld, `finish` first where the handler had ended. */
  release(hasEnded: boolean): void {
    for (const undo of this.#undo.splice(0)) undo();
    if (!this.#isDetached) return;
    this.#isDetached = false;
    if (hasEnded) this.#res.emit('finish');
    this.#res.destroyed = true;
    for (const emit of this.#withheld.splice(0)) emit();
  }
}

type Emitter = Pick<IncomingMessage, 'emit'>;

function withhold(emitter: Emitter, shallWithhold: () => boolean, withheld: (() => void)[]): () => void {
  const own = Object.hasOwn(emitter, 'emit');
  const original = emitter.emit;
  const patched: typeof original = (event: string | symbol, ...args: unknown[]) => {
    if (!FAREWELLS.has(event) || !shallWithhold()) return Reflect.apply(original, emitter, [event, ...args]) as boolean;
    withheld.push(() => void Reflect.apply(original, emitter, [event, ...args]));
    return true;
  };
  emitter.emit = patched;
  return () => {
    if (emitter.emit !== patched) return;
    if (own) emitter.emit = original;
    else delete (emitter as Partial<Emitter>).emit;
  };
}
