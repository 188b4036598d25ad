import type UPlot from 'uplot';
import { el, setText } from './dom.ts';
import { formatTime } from './format.ts';
import { themeColour } from './results.ts';

/** assets/uplot.js, a script of its own in front of the modules. */
declare const uPlot: typeof UPlot;

export interface ChartSeries {
  /** Asked when the theme changes too. */
  readonly colour: () => string;
  readonly fill?: (() => string) | undefined;
  readonly dash?: number[];
  /** Bars from 0; a line otherwise. */
  readonly bars?: boolean;
}

export interface ChartOptions {
  readonly host: HTMLElement;
  readonly series: readonly ChartSeries[];
  /** `share`: 0 … 1; `log`: powers of ten. */
  readonly scale: 'count' | 'share' | 'log';
  readonly formatY: (value: number) => string;
  /** What the point says, line by line. */
  readonly describe: (index: number) => readonly (readonly [name: string, value: string])[];
}

/** Points in time (middles of slots), seconds since the epoch, and the values of each series at them. */
export interface ChartData {
  readonly from: number;
  readonly to: number;
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
  /** Shown in place of the points when there are none. */
  readonly emptyText: string | undefined;
  /** What a screen reader says of the drawing. */
  readonly summary: string;
}

/** A drawing over time that follows the size of its place and the theme. */
export class Chart {
  readonly #options: ChartOptions;
  readonly #tip = el('div', { class: 'tip', hidden: '' });
  readonly #noteText = el('span');
  readonly #note = el('p', { class: 'note' }, this.#noteText);
  #data: ChartData | undefined;
  #plot: UPlot | undefined;

  constructor(options: ChartOptions) {
    this.#options = options;
    options.host.setAttribute('role', 'img');
    new ResizeObserver(() => this.#resize()).observe(options.host);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#rebuild());
  }

  show(data: ChartData): void {
    this.#data = data;
    this.#options.host.setAttribute('aria-label', data.summary);
    setText(this.#noteText, data.emptyText ?? '');
    if (this.#plot === undefined) this.#rebuild();
    else this.#plot.setData(aligned(data));
  }

  #rebuild(): void {
    if (this.#data === undefined) return;
    this.#plot?.destroy();
    const { host } = this.#options;
    this.#plot = new uPlot(this.#plotOptions(host), aligned(this.#data), host);
    this.#plot.over.append(this.#tip);
    host.append(this.#note);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#options.host;
    this.#plot?.setSize({ width, height });
  }

  #plotOptions(host: HTMLElement): UPlot.Options {
    const { series, scale, formatY } = this.#options;
    const axis = { stroke: themeColour('--muted'), font: '11px system-ui', ticks: { show: false } };
    const grid = { stroke: themeColour('--line'), width: 1, ...(scale === 'log' ? { filter: powersOfTen } : {}) };
    return {
      width: host.clientWidth,
      height: host.clientHeight,
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: {
        x: { range: () => [this.#data?.from ?? 0, this.#data?.to ?? 1] },
        y: scaleOf(scale),
      },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          space: 70,
          values: (_, times) => times.map((time) => formatTime(new Date(time * 1_000))),
        },
        {
          ...axis,
          grid,
          size: 56,
          space: 34,
          values: (_, values) => values.map((value) => (value === null ? '' : formatY(value))),
        },
      ],
      series: [{}, ...series.map(plotSeries)],
      hooks: { setCursor: [(plot) => this.#point(plot)] },
    };
  }

  #point(plot: UPlot): void {
    const { idx, left = -1 } = plot.cursor;
    const time = idx === null || idx === undefined ? undefined : this.#data?.times[idx];
    this.#tip.hidden = time === undefined || left < 0;
    if (time === undefined || idx === null || idx === undefined || left < 0) return;
    const lines = this.#options
      .describe(idx)
      .map(([name, value]) => el('li', {}, el('span', {}, name), el('b', {}, value)));
    this.#tip.replaceChildren(
      el('span', { class: 'muted' }, formatTime(new Date(time * 1_000))),
      el('ul', {}, ...lines),
    );
    const room = plot.over.clientWidth - this.#tip.offsetWidth - 4;
    const x = left + 14 > room ? left - this.#tip.offsetWidth - 14 : left + 14;
    this.#tip.style.transform = `translate(${Math.max(0, Math.min(x, room))}px, 6px)`;
  }
}

/** Of the lines of a logarithmic scale those that have a label. */
function powersOfTen(_plot: UPlot, values: readonly number[]): (number | null)[] {
  return values.map((value) => (Math.log10(value) % 1 === 0 ? value : null));
}

function plotSeries({ colour, fill, dash, bars = false }: ChartSeries): UPlot.Series {
  const stroke = colour();
  const drawBars = bars ? uPlot.paths.bars?.({ size: [0.78, 26], radius: 0.15 }) : undefined;
  return {
    stroke,
    width: bars ? 0 : 2,
    ...(fill === undefined ? {} : { fill: fill() }),
    ...(dash === undefined ? {} : { dash }),
    ...(drawBars === undefined ? {} : { paths: drawBars }),
    points: bars ? { show: false } : { show: true, size: 4.5, width: 0, fill: stroke },
  };
}

function scaleOf(scale: ChartOptions['scale']): UPlot.Scale {
  if (scale === 'share') return { range: [0, 1] };
  if (scale === 'count') return { range: (_plot, _least, most) => [0, Math.max(4, (most ?? 0) * 1.1)] };
  return {
    distr: 3,
    log: 10,
    range: (_plot, least, most) => [
      10 ** Math.floor(Math.log10(least || 1)),
      10 ** Math.ceil(Math.log10((most || 1_000) * 1.01)),
    ],
  };
}

function aligned({ times, values }: ChartData): UPlot.AlignedData {
  return [[...times], ...values.map((series) => [...series])];
}
