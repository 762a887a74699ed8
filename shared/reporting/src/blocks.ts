/** @file The plain parts of a page: facts, tables, tables with bars, notes, things to unfold. */
import { type Child, html, Html } from './html.ts';
import { formatNumber, formatValue } from './format.ts';
import type { Value } from './run.ts';

/** A table's column: its title, and whether its cells are numbers. */
export interface Column {
  title: Child;
  numeric?: boolean;
}

/** Labels with what they say. */
export const facts = (entries: readonly (readonly [label: string, text: Child])[]): Html =>
  html`<dl class="facts">
    ${entries.map(
      ([label, text]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${text}</dd>
        </div>`,
    )}
  </dl>`;

export const note = (text: Child): Html => html`<p class="note">${text}</p>`;

export const unfold = (summary: Child, content: Child): Html =>
  html`<details>
    <summary>${summary}</summary>
    ${content}
  </details>`;

/**
 * A table that scrolls in itself where the page is narrower.
 * @param label what it shows, for people who do not see it
 * @param rows cells; the first of a row is its heading
 */
export function table(label: string, columns: readonly Column[], rows: readonly (readonly Child[])[]): Html {
  const classOf = (at: number): Html | false => columns[at]?.numeric === true && html` class="n"`;
  const cell = (content: Child, at: number): Html =>
    at === 0 ? html`<th scope="row" ${classOf(at)}>${content}</th>` : html`<td${classOf(at)}>${content}</td>`;
  return scrolling(
    label,
    html`<table>
      <thead>
        <tr>
          ${columns.map(({ title }, at) => html`<th scope="col" ${classOf(at)}>${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map(cell)}
            </tr> `,
        )}
      </tbody>
    </table>`,
  );
}

/** Wraps what may be wider than the page; it can be scrolled by keyboard. */
export const scrolling = (label: string, content: Html): Html =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;

/** Rows of a table that are shown; the file has them all. */
const SHOWN_ROWS = 200;

/** Any table: a row of columns as it is in the file. */
export function plainTable(
  label: string,
  columns: Readonly<Record<string, readonly Value[]>>,
  titles: (name: string) => string,
): Html {
  const names = Object.keys(columns);
  const rows = Math.max(0, ...Object.values(columns).map(({ length }) => length));
  const numeric = (name: string): boolean => columns[name]!.some((value) => typeof value === 'number');
  const cells = Array.from({ length: Math.min(rows, SHOWN_ROWS) }, (_, row) =>
    names.map((name) => formatValue(columns[name]![row] ?? null)),
  );
  const shown = table(
    label,
    names.map((name) => ({ title: titles(name), numeric: numeric(name) })),
    cells,
  );
  return rows <= SHOWN_ROWS
    ? shown
    : html`${note(`The first ${SHOWN_ROWS} of ${formatNumber(rows)} rows; the file has them all.`)}${shown}`;
}

/**
 * A table whose numbers are also drawn as bars, so that it needs no plot.
 * @param series a column of bars each, as long as their share of the column's largest
 */
export function barTable(
  label: string,
  heading: string,
  categories: readonly string[],
  series: readonly { title: string; values: readonly number[]; format?: (value: number) => string }[],
): Html {
  const columns: Column[] = [{ title: heading }, ...series.map(({ title }) => ({ title, numeric: true }))];
  const largest = series.map(({ values }) => Math.max(...values.filter(Number.isFinite), 0));
  const rows = categories.map((category, row) => [
    category,
    ...series.map(({ values, format = formatNumber }, at) => {
      const value = values[row]!;
      const share = largest[at]! > 0 && Number.isFinite(value) ? Math.max(0, value / largest[at]!) : 0;
      return html`<span class="bar" style="--length:${share.toFixed(3)}">${format(value)}</span>`;
    }),
  ]);
  return html`<div class="bars">${table(label, columns, rows)}</div>`;
}
