import { Detachment } from '../response/detach.ts';
import { isClosed, onceClosed, type KeyedExchange } from './exchange.ts';
import { StalledClient } from './stalled-client.ts';

export interface FillClientOptions {
  /** Aborts when the answer is wanted by nobody. */
  readonly signal: () => AbortSignal;
  /** How many others want the answer: those who wait for it and those who have joined it. */
  readonly others: () => number;
  /** Will the answer be kept, as far as is known? */
  readonly isKept: () => boolean;
  /** The client has gone, and the handler goes on without it. */
  readonly onAlone: () => void;
  /** Nobody wants the answer any more, it took too long without its client, or the handler broke it off. */
  readonly onOver: () => void;
}

/** The client of a fill: it may leave, or take nothing, and the fill goes on while others want the answer (DESIGN D12). */
export class FillClient {
  readonly #exchange: KeyedExchange;
  readonly #options: FillClientOptions;
  readonly #detachment: Detachment;
  readonly #stalled: StalledClient;
  /** Ends a fill that goes on without its client for too long. */
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(exchange: KeyedExchange, options: FillClientOptions) {
    const { req, res } = exchange;
    this.#exchange = exchange;
    this.#options = options;
    this.#stalled = new StalledClient(res, () => this.#dropStalled());
    this.#detachment = new Detachment(req, res, {
      signal: options.signal,
      onGone: () => this.#onGone(),
      onBroken: () => options.onOver(),
    });
  }

  /** Right before the handler runs. `isLimited`: the fill may take no longer than `maxFillMs`, though its client stays. */
  begin(isLimited: boolean): void {
    if (isLimited) this.#limit();
    if (isClosed(this.#exchange) && this.#onGone() === 'go-on') this.#detachment.begin();
    onceClosed(this.#exchange, () => this.#options.onOver());
  }

  /** After a write that others may wait for. */
  checkPace(): void {
    this.#stalled.check();
  }

  /** One of those for whom the fill goes on has left, or its answer turned out to be more than can be kept. */
  checkWanted(): void {
    if (this.#detachment.isDetached && this.#isUnwanted()) this.#options.onOver();
  }

  /** The fill is over. */
  release(hasEnded: boolean): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stalled.stop();
    this.#detachment.release(hasEnded);
  }

  #onGone(): 'go-on' | 'stop' {
    if (this.#isOver || this.#isUnwanted()) return 'stop';
    this.#options.onAlone();
    this.#limit();
    return 'go-on';
  }

  /** The handler waits for a client that takes nothing, and with it all others do. */
  #dropStalled(): void {
    if (this.#isOver || this.#options.others() === 0) return;
    this.#options.onAlone();
    this.#limit();
    this.#detachment.leaveBehind();
  }

  #limit(): void {
    const { maxFillMs } = this.#exchange.parts.config;
    this.#timer ??= setTimeout(() => this.#options.onOver(), maxFillMs).unref();
  }

  #isUnwanted(): boolean {
    const goesOn = this.#exchange.route.onClientDisconnect === 'finish' && this.#options.isKept();
    return !goesOn && this.#options.others() === 0;
  }
}
