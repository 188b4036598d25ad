import { clear, invalidate } from './api.ts';
import { byId, el, setText, type Child } from './dom.ts';
import { formatCount } from './format.ts';

export interface ManageOptions {
  /** Told what was done, when it was done. */
  readonly onDone: (text: string) => void;
}

type Selector = Readonly<Record<string, string>>;

/** The dialog that invalidates: what is to go is chosen first, read again, then confirmed. */
export class InvalidateDialog {
  readonly #options: ManageOptions;
  readonly #dialog = byId('invalidate-dialog', HTMLDialogElement);
  readonly #form = byId('invalidate-form', HTMLFormElement);
  readonly #summary = byId('invalidate-summary', HTMLElement);
  readonly #error = byId('invalidate-error', HTMLElement);
  readonly #confirm = byId('invalidate-confirm', HTMLButtonElement);
  #isReviewed = false;

  constructor(options: ManageOptions) {
    this.#options = options;
    closeButtons(this.#dialog);
    this.#form.addEventListener('input', () => this.#review(false));
    // Who clicks twice on Review has not read it yet.
    this.#confirm.addEventListener('click', (event) => {
      if (event.detail > 1) event.preventDefault();
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
  }

  open(chosen: Selector = {}): void {
    this.#form.reset();
    for (const [name, value] of Object.entries(chosen)) this.#field(name).value = value;
    this.#review(false);
    this.#dialog.showModal();
  }

  /** What the fields offer. */
  suggest(providers: readonly string[], models: readonly string[]): void {
    offer('known-providers', providers);
    offer('known-models', models);
  }

  #field(name: string): HTMLInputElement {
    return this.#form.elements.namedItem(name) as HTMLInputElement;
  }

  #selector(): Selector {
    const given = [...new FormData(this.#form)].map(([name, value]) => [name, textOf(value)] as const);
    return Object.fromEntries(given.filter(([, value]) => value !== ''));
  }

  #review(isReviewed: boolean): void {
    this.#isReviewed = isReviewed;
    setText(this.#error, '');
    setText(this.#confirm, isReviewed ? 'Remove these entries' : 'Review');
    this.#summary.replaceChildren(...(isReviewed ? summaryOf(this.#selector()) : []));
  }

  async #submit(): Promise<void> {
    const selector = this.#selector();
    if (Object.keys(selector).length === 0) {
      setText(this.#error, 'Fill in at least one field. To remove everything, use Clear.');
      this.#field('provider').focus();
      return;
    }
    if (!this.#isReviewed) {
      this.#review(true);
      return;
    }
    const removed = await attempt(this.#confirm, this.#error, () => invalidate(selector));
    if (removed === undefined) return;
    this.#dialog.close();
    this.#options.onDone(removedText(removed));
  }
}

/** The dialog that clears: the namespace has to be typed. */
export class ClearDialog {
  readonly #options: ManageOptions;
  readonly #dialog = byId('clear-dialog', HTMLDialogElement);
  readonly #form = byId('clear-form', HTMLFormElement);
  readonly #error = byId('clear-error', HTMLElement);
  readonly #confirm = byId('clear-confirm', HTMLButtonElement);
  #namespace = '';

  constructor(options: ManageOptions) {
    this.#options = options;
    closeButtons(this.#dialog);
    this.#form.addEventListener('input', () => {
      this.#confirm.disabled = !this.#isConfirmed();
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.#isConfirmed()) void this.#submit();
    });
  }

  open(namespace: string): void {
    this.#namespace = namespace;
    this.#form.reset();
    setText(byId('clear-namespace', HTMLElement), namespace);
    setText(this.#error, '');
    this.#confirm.disabled = true;
    this.#dialog.showModal();
  }

  #isConfirmed(): boolean {
    return new FormData(this.#form).get('confirm') === this.#namespace;
  }

  async #submit(): Promise<void> {
    const removed = await attempt(this.#confirm, this.#error, () => clear(this.#namespace));
    if (removed === undefined) return;
    this.#dialog.close();
    this.#options.onDone(removedText(removed));
  }
}

/** Nothing twice at the same time; a failure is said in the dialog, which stays open. */
async function attempt(
  button: HTMLButtonElement,
  error: Element,
  act: () => Promise<number>,
): Promise<number | undefined> {
  button.disabled = true;
  setText(error, '');
  try {
    return await act();
  } catch (failure) {
    setText(error, failure instanceof Error ? failure.message : String(failure));
    return undefined;
  } finally {
    button.disabled = false;
  }
}

function removedText(removed: number): string {
  if (removed === 0) return 'Nothing matched: no entry was removed.';
  return removed === 1 ? '1 entry was removed.' : `${formatCount(removed)} entries were removed.`;
}

/** The dialogs have no files to choose. */
function textOf(value: FormDataEntryValue): string {
  return typeof value === 'string' ? value.trim() : '';
}

function closeButtons(dialog: HTMLDialogElement): void {
  for (const button of dialog.querySelectorAll('[data-close]')) button.addEventListener('click', () => dialog.close());
}

function offer(id: string, values: readonly string[]): void {
  const options = [...new Set(values)].map((value) => el('option', { value }));
  byId(id, HTMLDataListElement).replaceChildren(...options);
}

/** Values stand apart from the words around them, which right-to-left letters would turn round. */
function summaryOf(selector: Selector): Child[] {
  const names = new Intl.ListFormat('en').formatToParts(Object.keys(selector));
  const parts = names.flatMap(({ type, value }) =>
    type === 'literal' ? [value] : [`${value} “`, el('bdi', {}, selector[value] ?? ''), '”'],
  );
  return ['Every entry with ', ...parts, ' will be removed. This cannot be undone.'];
}
