import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { patchMethod, type Original } from './patch-method.ts';
import { replaceSignal } from './req-signal.ts';

/** Errors of a socket whose other side is gone. */
const LOST: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ECONNABORTED']);

/** Events by which handlers learn that the client has gone. */
const FAREWELLS: ReadonlySet<unknown> = new Set(['close', 'aborted']);

export interface DetachmentOptions {
  /** What `req.signal` shall be: Node's own aborts when the client goes. */
  readonly signal: () => AbortSignal;
  /** The client has gone: shall the handler go on? */
  readonly onGone: () => 'go-on' | 'stop';
  /** The handler broke its answer off after its client had gone. */
  readonly onBroken: () => void;
}

/**
 * Lets a handler finish its answer for others when its client has gone (DESIGN D12). `pipe`, `pipeline` and loops that await
 * `drain` die or hang with the socket; so from then on the farewells of `req` and `res` are withheld, and `res` looks open. What
 * is written must be taken by a recorder that is muted.
 */
export class Detachment {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #options: DetachmentOptions;
  readonly #undo: (() => void)[] = [];
  readonly #withheld: (() => void)[] = [];
  #wasAborted = false;
  /** This side ended the connection: what errors its socket has then says nothing of the client. */
  #isBroken = false;
  #state: 'attached' | 'detached' | 'released' = 'attached';

  constructor(req: IncomingMessage, res: ServerResponse, options: DetachmentOptions) {
    this.#req = req;
    this.#res = res;
    this.#options = options;
    for (const emitter of [req, res]) this.#patch(emitter, 'emit', (original, args) => this.#emit(original, args));
    for (const one of [req, res]) this.#patch(one, 'destroy', (original, args) => this.#destroy(one, original, args));
    this.#undo.push(replaceSignal(req, options.signal));
  }

  get isDetached(): boolean {
    return this.#state === 'detached';
  }

  /** The client holds up others: it loses its connection, and the handler goes on. */
  leaveBehind(): void {
    this.#req.socket.destroy();
    this.#detach();
  }

  /** The client had gone before the handler ran. */
  begin(): void {
    this.#res.destroyed = false;
    this.#detach();
    // Whoever starts to listen now has not heard it.
    this.#withheld.push(() => void this.#res.emit('close'));
  }

  /** The fill is over: whoever still listens hears what was withheld, `finish` first where the handler had ended. */
  release(hasEnded: boolean): void {
    // Never within the handler's call of `end`: no stream tells there what it has to tell.
    if (this.isDetached) process.nextTick(() => this.#reattach(hasEnded));
    else this.#restore();
  }

  #reattach(hasEnded: boolean): void {
    this.#restore();
    // Node's own listener takes the response off its socket, which one that waited behind another never had.
    if (hasEnded && this.#res.socket !== null) this.#res.emit('finish');
    this.#res.destroyed = true;
    this.#req.aborted = this.#wasAborted;
    for (const emit of this.#withheld.splice(0)) emit();
  }

  #restore(): void {
    this.#state = 'released';
    for (const undo of this.#undo.splice(0).toReversed()) undo();
  }

  #emit(original: Original, args: unknown[]): unknown {
    if (!FAREWELLS.has(args[0]) || !this.#shallWithhold()) return original(...args);
    this.#withheld.push(() => void original(...args));
    // Node has just written down that they are closed.
    this.#res.destroyed = false;
    this.#wasAborted ||= this.#req.aborted;
    this.#req.aborted = false;
    return true;
  }

  #shallWithhold(): boolean {
    if (this.#state !== 'attached') return this.isDetached;
    if (this.#isBroken || this.#res.writableFinished || !hasLeft(this.#req.socket)) return false;
    if (this.#options.onGone() === 'stop') return false;
    this.#detach();
    return true;
  }

  #detach(): void {
    const [req, res] = [this.#req, this.#res];
    this.#state = 'detached';
    // A pipeline looks at these before it starts.
    this.#shadow(res, 'closed', false);
    this.#shadow(res, 'writableNeedDrain', false);
    // Error middleware breaks an answer off by the socket.
    this.#patch(req.socket, 'destroy', (original, args) => this.#destroy(req.socket, original, args));
    // A handler may be waiting for a socket that will never drain.
    setImmediate(() => {
      if (this.isDetached) res.emit('drain');
    });
  }

  /** A pipeline passes the error of its upstream on, which may well be that of a lost connection. */
  #destroy(what: object, original: Original, args: unknown[]): unknown {
    // A request whose body has been read is destroyed by Node, without an error, and its socket stays.
    const isByNode = what === this.#req && args[0] === undefined;
    this.#isBroken ||= !this.#req.socket.destroyed && !isByNode;
    // Node itself destroys, with its socket gone, a request and a response that waits behind another.
    const isHandlers = this.isDetached && what !== this.#req && this.#res.socket !== null;
    const result = original(...args);
    if (isHandlers) this.#options.onBroken();
    return result;
  }

  #patch(target: object, name: string, behaviour: Parameters<typeof patchMethod>[2]): void {
    this.#undo.push(patchMethod(target, name, behaviour).undo);
  }

  #shadow(target: object, name: string, value: unknown): void {
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    this.#undo.push(() => void Reflect.deleteProperty(target, name));
  }
}

/** A client that leaves ends its side or resets the connection; a socket that is destroyed here, by the handler say, does neither. */
function hasLeft(socket: Socket): boolean {
  const { code } = (socket.errored ?? {}) as NodeJS.ErrnoException;
  return socket.destroyed && (socket.readableEnded || (code !== undefined && LOST.has(code)));
}
