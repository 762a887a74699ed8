/**
 * @file Line plots that share their horizontal axis, and the table behind them. The table holds the data, and nothing else on the page does: the
 * script reads it and draws. Without a script the table is there all the same.
 */
import { html, Html, type Child } from './html.ts';
import { note, scrolling } from './blocks.ts';
import { formatNumber, formatPlain } from './format.ts';
import type { PanelData } from './panel-data.ts';

/** A line: its name, its colour's number from 1, and its points, ascending in x. */
export interface Series {
  label: string;
  color: number;
  points: readonly (readonly [x: number, y: number])[];
}

/** A plot of a figure. */
export interface Panel {
  title: string;
  /** Unit of the vertical axis, e.g. `nats per token`. */
  unit?: string | undefined;
  /** Across the whole page; others stand two side by side. */
  wide?: boolean;
  /** A logarithmic axis, where all values are positive. */
  logarithmic?: boolean;
  series: readonly Series[];
}

export interface LineFigure {
  /** Unique on the page. */
  id: string;
  title: string;
  /** What the horizontal axis counts, e.g. `step`. */
  x: string;
  panels: readonly Panel[];
  /** Columns of the table that are not drawn. */
  beside?: readonly Series[];
  /** Where the data have more digits, e.g. `log.arrow`. */
  source: string;
}

/** Cells of a table that a browser takes in a tenth of a second. */
const MAXIMUM_CELLS = 150_000;

export function lineFigure({ id, title, x, panels, beside = [], source }: LineFigure): Html {
  const series = [...panels.flatMap((panel) => panel.series), ...beside];
  const steps = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const values = series.map(({ points }) => new Map(points));
  const shown = thin(steps, series);
  let column = 0;
  const data = panels.map((panel): PanelData => ({
    title: panel.title,
    y: panel.unit ?? panel.title.toLowerCase(),
    logarithmic: isLogarithmic(panel),
    series: panel.series.map(({ label, color }) => ({ column: ++column, color, label })),
  }));
  const heads = [
    ...panels.flatMap((panel) => panel.series.map(({ label }) => [panel.title, label].filter(Boolean).join(', '))),
    ...beside.map(({ label }) => label),
  ];
  const body = shown.map((step) => {
    const cells = values.map((of) => {
      const value = of.get(step);
      return value === undefined ? '<td>' : `<td>${formatPlain(value)}`;
    });
    return `<tr><th>${formatPlain(step)}${cells.join('')}`; // end tags are optional, and a tenth of the page
  });
  return html`<figure class="lines" id="${id}" data-x="${x}" data-panels="${JSON.stringify(data)}">
    <div class="panels">${panels.map((panel) => renderPanel(id, x, panel))}</div>
    ${infinities(x, panels)}
    <details class="data">
      <summary>Data: ${formatNumber(shown.length)} ${shown.length === 1 ? 'row' : 'rows'}</summary>
      ${note([
        shown.length < steps.length &&
          `Every ${ordinal(thinning(steps, series))} of ${formatNumber(steps.length)} ${x}s, plotted and in this table. `,
        `Rounded to six digits; ${source} has them all.`,
      ])}
      ${scrolling(
        `${title}: data`,
        html`<table id="${id}-data">
          <caption>
            ${title}
          </caption>
          <thead>
            <tr>
              <th scope="col">${x}</th>
              ${heads.map((head) => html`<th scope="col">${head}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${new Html(body.join('\n'))}
          </tbody>
        </table>`,
      )}
    </details>
  </figure>`;
}

function renderPanel(id: string, x: string, panel: Panel): Html {
  const { title, unit, series, wide } = panel;
  const about = [unit, isLogarithmic(panel) && 'log scale'].filter(Boolean).join(', ');
  return html`<section class="panel${wide === true && ' wide'}">
    <header>
      <h4>${title}${about !== '' && html` <small>${about}</small>`}</h4>
      <span class="at"></span>
    </header>
    <ul class="legend">
      ${series.map(
        ({ label, color, points }) =>
          html`<li style="--series:var(--series-${color})">
            ${label !== '' && html`<span>${label}</span> `}<span class="value">${lastOf(points)}</span>
          </li>`,
      )}
    </ul>
    <div
      class="plot"
      tabindex="0"
      role="slider"
      aria-label="${title} by ${x}; arrow keys read it point by point"
      aria-details="${id}-data"
      aria-valuemin="0"
      aria-valuemax="0"
      aria-valuenow="0"
      aria-valuetext="${describeLast(x, panel)}"
    ></div>
  </section>`;
}

const lastOf = (points: Series['points']): string => (points.length === 0 ? 'none' : formatNumber(points.at(-1)![1]));

const describeLast = (x: string, { series }: Panel): string =>
  series
    .filter(({ points }) => points.length > 0)
    .map(({ label, points }) => `${label} ${lastOf(points)} at ${x} ${formatNumber(points.at(-1)![0])}`.trim())
    .join(', ');

const isLogarithmic = ({ logarithmic, series }: Panel): boolean =>
  logarithmic === true &&
  series.every(({ points }) => points.every(([, value]) => value > 0 || !Number.isFinite(value)));

/** Says where values are not finite: a line has a gap there, which is easily overlooked. */
function infinities(x: string, panels: readonly Panel[]): Child {
  return panels.flatMap(({ title, series }) =>
    series.map(({ label, points }) => {
      const found = points.filter(([, value]) => !Number.isFinite(value));
      if (found.length === 0) return undefined;
      const places = found.slice(0, 5).map(([at, value]) => `${x} ${formatNumber(at)} (${formatPlain(value)})`);
      const more = found.length > places.length ? ` and ${formatNumber(found.length - places.length)} more` : '';
      return html`<p class="warning">
        ${[title, label].filter(Boolean).join(', ')} is not finite at ${places.join(', ')}${more}.
      </p>`;
    }),
  );
}

/** Of so many steps one is kept. */
const thinning = (steps: readonly number[], series: readonly Series[]): number =>
  Math.ceil((steps.length * (series.length + 1)) / MAXIMUM_CELLS);

/** Every n-th step where there are too many, and all those with a value that is rare or not finite. */
function thin(steps: readonly number[], series: readonly Series[]): readonly number[] {
  const every = thinning(steps, series);
  if (every <= 1) return steps;
  const kept = new Set(steps.filter((_, i) => i % every === 0 || i === steps.length - 1));
  for (const { points } of series) {
    const rare = points.length * 20 < steps.length;
    for (const [at, value] of points) if (rare || !Number.isFinite(value)) kept.add(at);
  }
  return steps.filter((step) => kept.has(step));
}

const ordinal = (n: number): string => `${n}${n === 2 ? 'nd' : n === 3 ? 'rd' : 'th'}`;
