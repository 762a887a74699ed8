/** @file Draws the lines of a panel with Observable Plot. */
import { areaY, axisX, axisY, dot, gridY, lineY, plot, type Plot, text } from '@observablehq/plot';
import type { Line, PanelLines } from './figure-data.ts';
import { type Band, bandOf, smooth } from './smooth.ts';

/** Lines of fewer points show each of them. */
const FEW_POINTS = 60;

/** Width of the steps of a band. */
const PIXELS_PER_INTERVAL = 2;

/** Pixels around the axes; the left one holds `1.0e-4`, those above and below the label of an axis. */
export const MARGINS = { marginTop: 26, marginRight: 10, marginBottom: 40, marginLeft: 52 };

/**
 * @param span first and last x of the figure
 * @returns the drawing, and how many points the lines average, where they do
 */
export function drawPanel(
  { axes, logarithmic, lines }: PanelLines,
  { width, height, span }: { width: number; height: number; span: readonly [number, number] },
): { drawing: (SVGSVGElement | HTMLElement) & Plot; averaged: number | undefined } {
  const calm = lines.map(({ y }) => smooth(y));
  const range = rangeOf(lines);
  const drawing = plot({
    width,
    height,
    ...MARGINS,
    style: { background: 'none', fontSize: '12px', fontFamily: 'inherit', overflow: 'visible' },
    x: { type: 'linear', domain: span[0] === span[1] ? [span[0] - 1, span[1] + 1] : span },
    y: { type: logarithmic ? 'log' : 'linear', domain: range, nice: !logarithmic },
    marks: [
      gridY({ ticks: ticksOf(range, logarithmic), strokeOpacity: 0.12 }),
      axisX({
        label: axes.x,
        labelAnchor: 'center',
        labelArrow: 'none',
        tickSize: 4,
        tickFormat: (at: number) => at.toLocaleString('en-US'),
      }),
      axisY({
        label: axes.y,
        labelAnchor: 'top',
        labelArrow: 'none',
        tickSize: 0,
        ticks: ticksOf(range, logarithmic),
        tickFormat: compact,
      }),
      lines.map((line, i) => marksOf(line, calm[i]?.means, width / PIXELS_PER_INTERVAL)),
    ],
  });
  return { drawing, averaged: calm.find((each) => each !== undefined)?.points };
}

function marksOf({ x, y, color }: Line, means: readonly number[] | undefined, intervals: number) {
  const line = (values: readonly number[], options: object) =>
    lineY(x, { x, y: values.map(orGap), stroke: color, strokeLinejoin: 'round', ...options });
  const gaps = x.filter((_, i) => !Number.isFinite(y[i]));
  return [
    means === undefined
      ? line(y, { strokeWidth: 1.75 })
      : [bandMark(bandOf(x, y, intervals), color), line(means, { strokeWidth: 1.75 })],
    y.length <= FEW_POINTS ? dot(x, { x, y: y.map(orGap), fill: color, r: 2.5 }) : null,
    text(gaps, { x: gaps, text: () => '×', frameAnchor: 'top', fill: 'var(--warning)', fontWeight: 700, fontSize: 14 }),
  ];
}

const bandMark = ({ x, least, most }: Band, color: string) =>
  areaY(x, { x, y1: least, y2: most, fill: color, fillOpacity: 0.25 });

const orGap = (value: number): number => (Number.isFinite(value) ? value : NaN);

/** Of the finite values; a little wider where there is only one. */
function rangeOf(lines: readonly Line[]): [number, number] {
  let [least, most] = [Infinity, -Infinity];
  for (const { y } of lines) {
    for (const value of y) {
      if (!Number.isFinite(value)) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  if (least > most) return [0, 1]; // nothing is finite
  return least === most ? [least - Math.abs(least) / 10 - 1e-9, most + Math.abs(most) / 10 + 1e-9] : [least, most];
}

/** Leading digits of the ticks of a logarithmic axis, from the fewest to the most. */
const TICK_DIGITS = [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]];
const FEWEST_TICKS = 3;

/** The fewest ticks of a logarithmic axis that are enough to read it; undefined leaves them to Plot. */
function ticksOf([least, most]: readonly [number, number], logarithmic: boolean): number[] | undefined {
  if (!logarithmic) return undefined;
  const candidates = TICK_DIGITS.map((digits) => {
    const ticks: number[] = [];
    for (let exponent = Math.floor(Math.log10(least)); 10 ** exponent <= most; exponent++)
      for (const digit of digits) ticks.push(Number(`${digit}e${exponent}`));
    return ticks.filter((tick) => tick >= least && tick <= most);
  });
  return candidates.find(({ length }) => length >= FEWEST_TICKS);
}

/** `20k`, `1.5M`, `0.004`, `1e-6`. */
function compact(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${Number((value / 1e6).toPrecision(6))}M`;
  if (size >= 1e4) return `${Number((value / 1e3).toPrecision(6))}k`;
  if (size > 0 && size < 1e-3) return Number(value.toPrecision(6)).toExponential();
  return Number(value.toPrecision(6)).toLocaleString('en-US', { maximumSignificantDigits: 6 });
}
