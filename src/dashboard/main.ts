/** The page: asks for the figures, shows them, and lets people do what they may. */
import { ApiError, readFigures, type Figures, type Scope } from './api.ts';
import { Charts } from './charts.ts';
import { byId, setText } from './dom.ts';
import { formatTimeWithSeconds } from './format.ts';
import { showHeader, showUnknownHealth } from './header.ts';
import { showLatencies } from './latency-table.ts';
import { ClearDialog, InvalidateDialog } from './manage.ts';
import { Models } from './models.ts';
import { Poller } from './poller.ts';
import { showTiers } from './tiers.ts';
import { showTiles } from './tiles.ts';
import { viewOf } from './view.ts';
import { showErrors, showUncached, showWork } from './work.ts';

const charts = new Charts();
const invalidateDialog = new InvalidateDialog({ onDone: sayDone });
const clearDialog = new ClearDialog({ onDone: sayDone });
const models = new Models({ onInvalidate: (selector) => invalidateDialog.open(selector) });
const poller = new Poller(update);

const page: { scope: Scope; rangeSeconds: number; figures?: Figures } = { scope: 'process', rangeSeconds: 0 };

async function update(): Promise<void> {
  try {
    page.figures = await figuresOf(page.scope);
  } catch (error) {
    showTrouble(error);
    throw error;
  }
  byId('trouble', HTMLElement).hidden = true;
  showHeader(page.figures.info);
  show();
  setText(byId('updated', HTMLElement), `Updated ${formatTimeWithSeconds(new Date())}`);
  document.body.dataset['state'] = 'live';
  byId('main', HTMLElement).setAttribute('aria-busy', 'false');
}

/** Where the cluster cannot say, those of this process: how Redis is, is then what one wants to see. */
async function figuresOf(scope: Scope): Promise<Figures> {
  try {
    return await readFigures(scope);
  } catch (error) {
    if (scope === 'process') throw error;
    const figures = await readFigures('process');
    page.scope = 'process';
    scopeInput('process').checked = true;
    const reason = byId('scope-reason', HTMLElement);
    setText(reason, error instanceof Error ? error.message : String(error));
    reason.hidden = false;
    return figures;
  }
}

/** Draws what the page knows; nothing of it is newer for that. */
function show(): void {
  const { figures, rangeSeconds } = page;
  if (figures === undefined) return;
  const { stats, performance, history, info } = figures;
  const view = viewOf(history, rangeSeconds);
  showTiles(figures, view);
  charts.show(view);
  showLatencies(performance);
  models.show({ models: stats.byModel, mayInvalidate: info.actions.invalidate });
  showTiers(info, performance);
  showWork(info, performance);
  showUncached(performance);
  showErrors(info);
  showControls(figures);
  byId('welcome', HTMLElement).hidden = stats.byModel.length > 0;
}

function showControls({ stats, info }: Figures): void {
  const { invalidate, clear } = info.actions;
  byId('invalidate', HTMLElement).hidden = !invalidate;
  byId('clear', HTMLElement).hidden = !clear;
  invalidateDialog.suggest(
    stats.byModel.map(({ provider }) => provider),
    stats.byModel.map(({ model }) => model),
  );
  // Without Redis there is no cluster to choose.
  byId('scope', HTMLElement).hidden = info.tiers.redis === false;
}

/** What is on the page stays there, dimmed, with the time it is from. */
function showTrouble(error: unknown): void {
  const isRefused = error instanceof ApiError && (error.status === 401 || error.status === 403);
  const reason = error instanceof Error ? error.message : String(error);
  setText(
    byId('trouble-text', HTMLElement),
    `${reason} ${isRefused ? 'Sign in to the application again, then try again.' : nextTry()}`,
  );
  byId('trouble', HTMLElement).hidden = false;
  showUnknownHealth();
  if (page.figures !== undefined) document.body.dataset['state'] = 'stale';
}

function nextTry(): string {
  return poller.isPaused ? 'The page is paused.' : `The next try is in ${poller.delaySeconds} seconds.`;
}

function sayDone(text: string): void {
  setText(byId('done', HTMLElement), text);
  void poller.now();
}

function scopeInput(scope: Scope): HTMLInputElement {
  const input = document.querySelector<HTMLInputElement>(`#scope input[value="${scope}"]`);
  if (input === null) throw new Error(`The page has no choice for ${scope}.`);
  return input;
}

byId('scope', HTMLElement).addEventListener('change', () => {
  byId('scope-reason', HTMLElement).hidden = true;
  page.scope = scopeInput('cluster').checked ? 'cluster' : 'process';
  void poller.now();
});
byId('range', HTMLElement).addEventListener('change', ({ target }) => {
  page.rangeSeconds = Number((target as HTMLInputElement).value);
  show();
});
byId('pause', HTMLButtonElement).addEventListener('click', ({ currentTarget }) => {
  const button = currentTarget as HTMLButtonElement;
  const pauses = button.getAttribute('aria-pressed') !== 'true';
  button.setAttribute('aria-pressed', String(pauses));
  if (pauses) poller.pause();
  else poller.resume();
});
byId('retry', HTMLElement).addEventListener('click', () => void poller.now());
byId('invalidate', HTMLElement).addEventListener('click', () => invalidateDialog.open());
byId('clear', HTMLElement).addEventListener('click', () => clearDialog.open(page.figures?.info.namespace ?? ''));
void poller.now();
