/** @file The data of a figure, read from the table behind it. */
import type { PanelData } from '../panel-data.ts';

/** A line's points as they stand in the table, NaN and infinite ones included. */
export interface Line {
  label: string;
  color: string;
  x: number[];
  y: number[];
}

export interface PanelLines {
  title: string;
  /** Labels of the axes. */
  axes: { x: string; y: string };
  logarithmic: boolean;
  lines: Line[];
}

/** Reads what `lineFigure` wrote. */
export function readFigure(figure: HTMLElement): { xName: string; panels: PanelLines[] } {
  const rows = [...figure.querySelectorAll('tbody tr')].map((row) =>
    // The table's last cell, whose end tag is left out, has the white space behind it.
    Array.from(row.children, (cell) => (cell.textContent ?? '').trim()),
  );
  const xName = figure.dataset['x']!;
  const steps = rows.map(([step]) => Number(step));
  const panels = (JSON.parse(figure.dataset['panels']!) as PanelData[]).map(
    ({ title, y, logarithmic, series }): PanelLines => ({
      title,
      axes: { x: xName, y },
      logarithmic,
      lines: series.map(({ column, color, label }) => {
        const line: Line = { label, color: `var(--series-${color})`, x: [], y: [] };
        for (const [row, cells] of rows.entries()) {
          if (cells[column] === '') continue; // not measured
          line.x.push(steps[row]!);
          line.y.push(Number(cells[column]!.replace('−', '-').replace('∞', 'Infinity')));
        }
        return line;
      }),
    }),
  );
  return { xName, panels };
}
