import { internalFault } from '../errors.ts';
import { LiveStream } from '../flight/live-stream.ts';
import type { Refusal } from '../policy/storable.ts';
import { appendCacheStatus, type Forwarded } from '../response/cache-status.ts';
import { targetLabelOf } from '../request/labels.ts';
import { answerCondition, hideConditionals } from '../response/conditional.ts';
import type { Outlet } from '../response/outlet.ts';
import type { RecordedHead } from '../response/recorded-head.ts';
import { Recorder } from '../response/recorder.ts';
import { isShort, type HeadDecision, type Recording } from '../response/recording.ts';
import { codingOf, lengthOf, storedHeaders } from '../response/stored-headers.ts';
import type { SpanLink } from '../telemetry/tracing.ts';
import { openContext, type ContextState } from './context.ts';
import type { KeyedExchange } from './exchange.ts';
import { FillClient } from './fill-client.ts';
import { FillReport } from './fill-report.ts';
import { NO_FOLLOWERS, type Followers } from './followers.ts';
import { savedBy, type Way } from './send-entry.ts';
import { conditionsOf, isCoveredByStale, sendRenewed, sendStale, type StaleAnswer } from './stale.ts';
import { apartBy } from './variants.ts';
import { judge, refuse, settle, settleRenewed, type SettleResult } from './settle.ts';
import { renewedBy, type Renewed } from './renew.ts';
import { verdictOnBody, verdictOnHead, type HeadVerdict, type Verdict } from './verdict.ts';

export interface FillOptions {
  /** Absent where nobody waits for this fill. */
  readonly followers?: Followers;
  /** Why the request goes to the handler, as `Cache-Status` says it. */
  readonly fwd: Forwarded;
  readonly detail?: string;
  /** Sent where the handler says that it still holds, or in place of an error. */
  readonly stale?: StaleAnswer | undefined;
  /** A background refresh, and the request that caused it. */
  readonly cause?: SpanLink | undefined;
}

/** Runs the handler once, records what it sends, shares it with the followers and stores it if it may be stored. */
export function fill(exchange: KeyedExchange, options: FillOptions): void {
  new Fill(exchange, options).run();
}

class Fill {
  readonly #exchange: KeyedExchange;
  readonly #options: FillOptions;
  readonly #followers: Followers;
  readonly #context: ContextState;
  readonly #report: FillReport;
  readonly #hidden: ReturnType<typeof hideConditionals> | undefined;
  /** What the handler is asked by whether the stale answer still holds. */
  readonly #conditions: Readonly<Record<string, string>>;
  readonly #recorder: Recorder;
  /** Of the answer: what changes there while it is made makes it an old one. */
  readonly #target: string | undefined;
  readonly #client: FillClient;
  #live: LiveStream | undefined;
  /** What was decided at the head with the whole body in hand; it is not asked again. */
  #verdict: Verdict | undefined;
  #renewed: Renewed | undefined;
  #isOver = false;

  constructor(exchange: KeyedExchange, options: FillOptions) {
    const { parts, req, res } = exchange;
    this.#exchange = exchange;
    this.#options = options;
    this.#followers = options.followers ?? NO_FOLLOWERS;
    this.#context = openContext(req, parts.invalidation.position());
    this.#target = targetLabelOf(exchange.request);
    this.#report = new FillReport(exchange, options.cause);
    // A POST has no 304 (RFC 9110 §13.2.2), so its conditionals are the handler's business.
    this.#conditions = conditionsOf(options.stale);
    this.#hidden = req.method === 'POST' ? undefined : hideConditionals(req, this.#conditions);
    this.#recorder = new Recorder(res, {
      maxBytes: parts.config.maxEntryBytes,
      now: () => parts.clock.monotonic(),
      onHead: (head, body) => this.#onHead(head, body),
      onChunk: (chunk) => this.#onChunk(chunk),
      onEnd: (recording) => this.#onEnd(recording),
    });
    this.#client = new FillClient(exchange, {
      signal: () => this.#context.signal,
      others: () => this.#followers.waiting + (this.#live?.readers ?? 0),
      isKept: () => !this.#recorder.isTooLarge,
      onAlone: () => this.#recorder.mute(),
      onOver: () => this.#giveUp(),
    });
  }

  run(): void {
    this.#followers.onLeft(() => this.#client.checkWanted());
    this.#exchange.parts.filling.add(this.#exchange.request);
    this.#exchange.parts.fillingTargets.add(this.#target);
    // Nobody leaves a refresh, so its time runs from the start.
    this.#client.begin(this.#options.cause !== undefined);
    this.#report.run(this.#context, () => this.#exchange.next());
  }

  #onChunk(chunk: Buffer): void {
    this.#live?.push(chunk);
    if (this.#live !== undefined) this.#client.checkPace();
    if (this.#recorder.isTooLarge) this.#client.checkWanted();
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.#context.abort();
    this.#recorder.cut();
    if (this.#options.cause !== undefined) this.#exchange.res.destroy();
  }

  /** The last moment to tell the client something about this answer. */
  #onHead(head: RecordedHead, body: Buffer | undefined): HeadDecision {
    const { stale } = this.#options;
    if (stale !== undefined && head.status === 304 && Object.keys(this.#conditions).length > 0)
      return { divert: (outlet) => this.#renew(stale, head, outlet) };
    const { refusal, audience } = this.#judgeHead(head, body);
    if (stale !== undefined && isCoveredByStale(head.status, stale))
      return { divert: (outlet) => this.#divert(stale, outlet) };
    if (this.#hidden !== undefined) {
      const identity = codingOf(head.headers) === 'identity' ? body : undefined;
      answerCondition(this.#exchange.res, this.#hidden.conditionals, head, identity);
    }
    const undo = appendCacheStatus(this.#exchange.res, this.#member(refusal));
    return {
      undo: () => {
        undo?.();
        this.#verdict = undefined;
      },
      sent: () => {
        if (refusal?.kind === 'declared') refuse(this.#exchange, refusal, this.#followers);
        else if (audience !== 'all') this.#followers.release(apartBy(this.#exchange, head.headers));
        else if (refusal === undefined && body === undefined) this.#open(head);
      },
    };
  }

  #judgeHead(head: RecordedHead, body: Buffer | undefined): HeadVerdict {
    const judged = verdictOnHead(this.#exchange, this.#context, head, body);
    if (body === undefined) return judged;
    if (judged.refusal !== undefined) this.#verdict = judged;
    else if (codingOf(head.headers) === 'identity')
      this.#verdict = { ...verdictOnBody(this.#exchange, head, body), audience: judged.audience };
    return this.#verdict ?? judged;
  }

  #member(refusal: Refusal | undefined): string | undefined {
    const { parts, key } = this.#exchange;
    const detail = this.#options.detail ?? refusal?.reason;
    return parts.cacheStatus?.({
      fwd: this.#options.fwd,
      stored: this.#verdict !== undefined && refusal === undefined,
      ...(detail === undefined ? {} : { detail }),
      ...(parts.config.cacheStatus === 'key' ? { key: key.digest } : {}),
    });
  }

  /** From now on others can join. A coded body is for those who take the coding, so its followers wait for the whole. */
  #open(head: RecordedHead): void {
    if (codingOf(head.headers) !== 'identity') return;
    const contentLength = lengthOf(head.headers);
    const announced = contentLength === undefined ? {} : { contentLength };
    const stored = { ...head, headers: storedHeaders(head.headers, this.#exchange.parts.clock.now()), ...announced };
    this.#live = new LiveStream(stored, this.#exchange.parts.config.maxEntryBytes, () => this.#client.checkWanted());
    this.#followers.join(this.#live, this.#report.link);
  }

  /** The handler's 304: the stored answer goes out, as good as new. */
  #renew(stale: StaleAnswer, head: RecordedHead, outlet: Outlet): void {
    const way = this.#wayBy(outlet);
    this.#renewed = renewedBy(this.#exchange, this.#context, stale.entry, head);
    this.#report.diverted(sendRenewed(this.#exchange, this.#renewed, stale.sendable, this.#options, way));
  }

  #divert(stale: StaleAnswer, outlet: Outlet): void {
    const { ageSeconds } = sendStale(this.#exchange, stale, 'stale-if-error', this.#wayBy(outlet));
    this.#report.diverted({ result: 'stale', ageSeconds, ...savedBy(stale.entry), stored: false, notStored: 'error' });
  }

  /** From here on the conditions of the request are its client's again. */
  #wayBy(outlet: Outlet): Way {
    this.#hidden?.restore();
    return { outlet, conditionals: this.#hidden?.conditionals };
  }

  #onEnd(recording: Recording): void {
    this.#isOver = true;
    this.#hidden?.restore();
    this.#live?.end(recording.ended && !isShort(recording) ? 'complete' : 'cut');
    this.#exchange.parts.filling.delete(this.#exchange.request);
    void this.#settle(recording);
    this.#client.release(recording.ended);
  }

  async #settle(recording: Recording): Promise<void> {
    const { put, fillMs } = this.#report.end(recording);
    let result: SettleResult = { stored: false, notStored: 'internal' };
    try {
      if (this.#renewed !== undefined) {
        result = await settleRenewed(this.#exchange, this.#renewed, this.#followers, this.#report.link);
        put.end(result);
        return;
      }
      const judging = judge(this.#exchange, this.#context, recording, this.#verdict);
      if (judging instanceof Promise) this.#report.awaits(judging);
      const judged = judging instanceof Promise ? await judging : judging;
      this.#report.judged(recording.head, judged.verdict.refusal);
      const made = { recording, judged, fillMs, leader: this.#report.link };
      result = await put.run(() => settle(this.#exchange, this.#context, made, this.#followers));
      put.end(result);
    } catch (error) {
      // Only a fault of ours gets here: the client has its answer, the followers make theirs.
      this.#exchange.parts.report(internalFault(error));
      put.end({ ...result, errorType: 'AICacheError' });
      this.#followers.release();
    } finally {
      this.#exchange.parts.fillingTargets.remove(this.#target);
      this.#followers.close(result.stored);
      this.#exchange.parts.warmRuns.of(this.#exchange.req)?.written(result);
    }
  }
}
