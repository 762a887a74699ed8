/** @file What a panel says about the point that the pointer or the keyboard is at: a crosshair in the drawing, values in the legend. */
import { MARGINS } from './draw-panel.ts';
import type { Line, PanelLines } from './figure-data.ts';

/** A panel and where it stands on the page. */
export interface View extends PanelLines {
  element: HTMLElement;
  plot: HTMLElement;
  /** Says the x. */
  at: HTMLElement;
  /** Say the y of each line, with what they say when nothing is pointed at. */
  values: HTMLElement[];
  atRest: string[];
  /** Every x at which a line has a point, ascending. */
  stops: number[];
  drawn?: { x: Scale; y: Scale; svg: SVGSVGElement; crosshair: SVGGElement };
}

/** Maps values to pixels and back. */
export interface Scale {
  apply(value: number): number;
  invert(pixel: number): number;
}

/** Points a panel to what is nearest to x; undefined lets it say the last values again. */
export function readOut(
  { lines, values, atRest, at, plot, stops, drawn }: View,
  x: number | undefined,
  xName: string,
): void {
  if (drawn === undefined) return;
  if (x === undefined) {
    drawn.crosshair.replaceChildren();
    at.textContent = '';
    for (const [i, value] of values.entries()) value.textContent = atRest[i]!;
    return;
  }
  const stop = nearest(stops, x);
  const pixel = drawn.x.apply(stop);
  const bottom = drawn.svg.height.baseVal.value - MARGINS.marginBottom;
  drawn.crosshair.replaceChildren(shape('line', { x1: pixel, x2: pixel, y1: 0, y2: bottom }));
  at.textContent = `${xName} ${stop.toLocaleString('en-US')}`;
  const said = lines.map((line, i) => {
    const found = pointAt(line, stop);
    const text = found === undefined ? 'none' : format(found.y);
    values[i]!.textContent = text;
    if (found !== undefined && Number.isFinite(found.y)) {
      const center = { cx: drawn.x.apply(found.x), cy: drawn.y.apply(found.y) };
      drawn.crosshair.append(shape('circle', { ...center, r: 4, fill: line.color }));
    }
    return `${line.label} ${text}`.trim();
  });
  plot.setAttribute('aria-valuenow', String(stop));
  plot.setAttribute('aria-valuetext', `${at.textContent}: ${said.join(', ')}`);
}

/** The point of a line at x, or the last one before; the first one where there is none before. */
function pointAt({ x, y }: Line, at: number): { x: number; y: number } | undefined {
  const i = Math.max(0, firstAbove(x, at) - 1);
  return x.length === 0 ? undefined : { x: x[i]!, y: y[i]! };
}

/** @param ascending at least one number */
export function nearest(ascending: readonly number[], x: number): number {
  const i = firstAbove(ascending, x);
  const [before, after] = [ascending[Math.max(0, i - 1)]!, ascending[Math.min(i, ascending.length - 1)]!];
  return x - before < after - x ? before : after;
}

/** Where the first number above x stands; their count where there is none. */
function firstAbove(ascending: readonly number[], x: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function shape(name: 'line' | 'circle', attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

function format(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value.toLocaleString('en-US', { maximumSignificantDigits: 5 });
}
