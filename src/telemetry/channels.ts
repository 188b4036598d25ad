import { channel, type Channel } from 'node:diagnostics_channel';
import type { AICacheError } from '../errors.ts';
import type { CacheEvent, EvictionEvent, FillEndedEvent, InvalidationEvent, OperationEvent } from './events.ts';
import type { LabelCaps } from './label-cap.ts';
import type { Outcome } from './outcome.ts';

/** `cache`: the name of the cache that says it; a process may have several. */
type Said<Fact> = { readonly cache: string } & Omit<Fact, 'type'>;

/** A request was answered: `express-ai-cache:outcome`. */
export type OutcomeMessage = Said<Outcome>;
/** A handler has made an answer, or failed to: `express-ai-cache:fill`. */
export type FillMessage = Said<FillEndedEvent>;
/** A tier was asked, or written: `express-ai-cache:operation`. */
export type OperationMessage = Said<OperationEvent>;
/** An entry left a tier: `express-ai-cache:eviction`. */
export type EvictionMessage = Said<EvictionEvent>;
/** An `invalidate`, `expire` or `clear` has ended: `express-ai-cache:invalidate`. */
export type InvalidateMessage = Said<InvalidationEvent>;
/** What `onError` is told, without its `cause`, which can hold anything: `express-ai-cache:error`. */
export type ErrorMessage = Said<Pick<AICacheError, 'code' | 'message' | 'help' | 'option'>>;

/** Node's channels that this package publishes on, and what a message of each is. */
export interface CacheMessages {
  readonly 'express-ai-cache:outcome': OutcomeMessage;
  readonly 'express-ai-cache:fill': FillMessage;
  readonly 'express-ai-cache:operation': OperationMessage;
  readonly 'express-ai-cache:eviction': EvictionMessage;
  readonly 'express-ai-cache:invalidate': InvalidateMessage;
  readonly 'express-ai-cache:error': ErrorMessage;
}

type Named = { readonly provider?: string; readonly model?: string; readonly errorType?: string };

/** Publishes events on Node's `diagnostics_channel`: a message is made only where somebody has subscribed. */
export class Channels {
  readonly #cache: string;
  readonly #labels: LabelCaps;
  readonly #outcome = named('express-ai-cache:outcome');
  readonly #fill = named('express-ai-cache:fill');
  readonly #operation = named('express-ai-cache:operation');
  readonly #eviction = named('express-ai-cache:eviction');
  readonly #invalidate = named('express-ai-cache:invalidate');
  readonly #error = named('express-ai-cache:error');

  constructor(cache: string, labels: LabelCaps) {
    this.#cache = cache;
    this.#labels = labels;
  }

  publish(event: CacheEvent): void {
    switch (event.type) {
      case 'request':
        return this.#say(this.#outcome, event.outcome);
      case 'fill-ended':
        return this.#say(this.#fill, event);
      case 'operation':
        return this.#say(this.#operation, event);
      case 'eviction':
        return this.#say(this.#eviction, event);
      case 'invalidation':
        return this.#say(this.#invalidate, event);
      case 'key':
      case 'codec':
      case 'entry-size':
      case 'fill-started':
    }
  }

  error({ code, message, help, option }: AICacheError): void {
    const facts: Omit<ErrorMessage, 'cache'> = { code, message, help, option };
    this.#say(this.#error, facts);
  }

  #say(to: Channel, facts: object & Named & { readonly type?: string }): void {
    if (!to.hasSubscribers) return;
    const { type: _, ...said } = facts;
    to.publish(Object.freeze({ cache: this.#cache, ...said, ...this.#capped(facts) }));
  }

  /** Names that a caller can choose read here as they do in metrics. */
  #capped({ provider, model, errorType }: Named): Named {
    return {
      ...(provider === undefined ? {} : { provider: this.#labels.provider.of(provider) }),
      ...(model === undefined ? {} : { model: this.#labels.model.of(model) }),
      ...(errorType === undefined ? {} : { errorType: this.#labels.errorType.of(errorType) }),
    };
  }
}

function named(name: keyof CacheMessages): Channel {
  return channel(name);
}
