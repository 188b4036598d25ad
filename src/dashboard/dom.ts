/** Everything that is put on the page is put there as text: there is no way here to make markup of a string. */

export type Child = Node | string;

/** An element of the page's own HTML, of the kind it must be. */
export function byId<Kind extends Element>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${kind.name} with the id ${id}.`);
}

/** `el('td', { class: 'number' }, '42')` */
export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Writes only what has changed: a screen reader and the layout are told of nothing else. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

export function setPill(pill: HTMLElement, text: string, tone: Tone = 'plain'): void {
  setText(pill, text);
  pill.dataset['tone'] = tone;
}

/** Shows pairs of a term and what is to be said of it; a pair whose value is undefined is left out. */
export function factList(pairs: readonly (readonly [term: string, value: string | undefined])[]): HTMLElement {
  const known = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== undefined);
  return el('dl', { class: 'facts' }, ...known.flatMap(([term, value]) => [el('dt', {}, term), el('dd', {}, value)]));
}

/** A bar filled to `share` (0 … 1). The number stands beside it as text, so it is not for screen readers. */
export function meter(
  share: number,
  { long = false, tone = 'plain' }: { long?: boolean; tone?: Tone } = {},
): HTMLElement {
  const bar = el('i', { 'data-tone': tone });
  bar.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return el('span', { class: long ? 'meter long' : 'meter', 'aria-hidden': 'true' }, bar);
}

/** A table of a head and rows; the first cell of each row is its header. */
export function fillTable(table: HTMLTableElement, head: readonly string[], rows: readonly (readonly Child[])[]): void {
  const headRow = el('tr', {}, ...head.map((name) => el('th', { scope: 'col' }, name)));
  const bodyRows = rows.map(([first = '', ...others]) =>
    el('tr', {}, el('th', { scope: 'row' }, first), ...others.map((cell) => el('td', {}, cell))),
  );
  table.replaceChildren(el('thead', {}, headRow), el('tbody', {}, ...bodyRows));
}
