import type { ModelTotals } from '../telemetry/stats.ts';
import { byId, el, meter, setText } from './dom.ts';
import { formatCount, formatPercent, formatSeconds, formatTokens, formatUsd } from './format.ts';

export interface ModelsOptions {
  /** Opens the dialog for a provider and a model. */
  readonly onInvalidate: (selector: { provider: string; model: string }) => void;
}

export interface ModelsView {
  readonly models: readonly ModelTotals[];
  readonly mayInvalidate: boolean;
}

const HEAD = ['Model', 'Requests', 'Hit ratio', 'Saved', 'Tokens', 'Time', 'Actions'];
const FEW = 8;
/** Labels of the cache's own, which select nothing. */
const NOT_SELECTABLE = new Set(['unknown', 'other']);

/** The table of providers and models, those that saved most first. */
export class Models {
  readonly #options: ModelsOptions;
  readonly #table = byId('models', HTMLTableElement);
  readonly #body = el('tbody');
  readonly #filter = byId('model-filter', HTMLInputElement);
  readonly #more = byId('models-more', HTMLButtonElement);
  readonly #empty = byId('models-empty', HTMLElement);
  /** Kept from one time to the next, so that a button in it keeps the focus. */
  readonly #rows = new Map<string, HTMLTableRowElement>();
  #view: ModelsView = { models: [], mayInvalidate: false };
  #showsAll = false;

  constructor(options: ModelsOptions) {
    this.#options = options;
    this.#table.append(
      el('thead', {}, el('tr', {}, ...HEAD.map((name) => el('th', { scope: 'col' }, name)))),
      this.#body,
    );
    this.#filter.addEventListener('input', () => this.#draw());
    this.#more.addEventListener('click', () => {
      this.#showsAll = !this.#showsAll;
      this.#draw();
    });
  }

  show(view: ModelsView): void {
    this.#view = view;
    this.#draw();
  }

  #draw(): void {
    const wanted = this.#filter.value.trim().toLowerCase();
    const matching = this.#view.models
      .filter(({ provider, model }) => `${provider} ${model}`.toLowerCase().includes(wanted))
      .toSorted((a, b) => b.saved.usd - a.saved.usd || requestsOf(b) - requestsOf(a));
    const shown = this.#showsAll ? matching : matching.slice(0, FEW);
    const rows = shown.map((totals) => this.#row(totals));
    if (!isSame(rows, [...this.#body.rows])) this.#body.replaceChildren(...rows);
    this.#empty.hidden = rows.length > 0;
    setText(
      this.#empty,
      wanted === '' ? 'No model has been asked yet.' : `No provider or model has “${wanted}” in its name.`,
    );
    this.#table.hidden = rows.length === 0;
    this.#table.toggleAttribute('data-actions', this.#view.mayInvalidate);
    this.#more.hidden = matching.length <= FEW;
    setText(this.#more, this.#showsAll ? `Show the first ${FEW}` : `Show all ${matching.length}`);
  }

  #row(totals: ModelTotals): HTMLTableRowElement {
    const key = JSON.stringify([totals.provider, totals.model]);
    const row = this.#rows.get(key) ?? this.#newRow(totals);
    this.#rows.set(key, row);
    const [, requests, ratio, usd, tokens, seconds] = row.cells;
    const { saved } = totals;
    if (requests !== undefined) setText(requests, formatCount(requestsOf(totals)));
    ratio?.replaceChildren(meter(totals.hitRatio ?? 0), formatPercent(totals.hitRatio));
    if (usd !== undefined) setText(usd, formatUsd(saved.usd));
    if (tokens !== undefined) setText(tokens, formatTokens(saved.inputTokens + saved.outputTokens));
    if (seconds !== undefined) setText(seconds, formatSeconds(saved.seconds));
    return row;
  }

  #newRow({ provider, model }: ModelTotals): HTMLTableRowElement {
    const name = el(
      'th',
      { scope: 'row' },
      el('span', { class: 'model', title: model }, model),
      el('span', { class: 'provider' }, provider),
    );
    const row = el('tr', {}, name, ...HEAD.slice(1).map(() => el('td')));
    if (!isSelectable(provider) || !isSelectable(model)) return row;
    const button = el(
      'button',
      { type: 'button', class: 'row-action', 'aria-label': `Invalidate ${provider} ${model}` },
      'Invalidate…',
    );
    button.addEventListener('click', () => this.#options.onInvalidate({ provider, model }));
    row.lastElementChild?.append(button);
    return row;
  }
}

/** A text field has one line, and the dialog takes spaces off its ends: another name would be what is removed. */
function isSelectable(name: string): boolean {
  return !NOT_SELECTABLE.has(name) && name === name.trim() && !/[\r\n]/.test(name);
}

function requestsOf({ hits, misses, stale, coalesced, bypassed, errors }: ModelTotals): number {
  return hits + misses + stale + coalesced + bypassed + errors;
}

function isSame(a: readonly Element[], b: readonly Element[]): boolean {
  return a.length === b.length && a.every((element, index) => element === b[index]);
}
