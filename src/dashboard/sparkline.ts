const NAMESPACE = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 30;

/** A small line of values; the numbers stand beside it, so it is not for screen readers. */
export function sparkline(
  values: readonly (number | null)[],
  most = Math.max(...values.map((value) => value ?? 0)),
): SVGSVGElement {
  const svg = document.createElementNS(NAMESPACE, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const points = pointsOf(values, most);
  if (points.length < 2) return svg;
  const line = points.map((point) => point.join()).join(' ');
  const [first = [0, 0]] = points;
  const last = points.at(-1) ?? first;
  svg.append(shape('polygon', `${first[0]},${HEIGHT} ${line} ${last[0]},${HEIGHT}`), shape('polyline', line));
  return svg;
}

function pointsOf(values: readonly (number | null)[], most: number): [x: number, y: number][] {
  const step = WIDTH / Math.max(1, values.length - 1);
  return values.flatMap((value, index) =>
    value === null
      ? []
      : [[round(index * step), round(HEIGHT - 2 - (value / (most || 1)) * (HEIGHT - 4))] as [number, number]],
  );
}

function shape(tag: 'polygon' | 'polyline', points: string): SVGElement {
  const made = document.createElementNS(NAMESPACE, tag);
  made.setAttribute('points', points);
  return made;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
