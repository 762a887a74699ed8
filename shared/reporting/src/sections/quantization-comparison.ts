/** @file What a model costs and loses in several formats: size against loss, with what nothing is better than. */
import { note, table } from '../blocks.ts';
import { formatBytes, formatNumber } from '../format.ts';
import { html, type Child, type Html } from '../html.ts';
import { lineFigure, type Series } from '../line-figure.ts';
import { type Entry, numbersOf, textsOf } from './entry.ts';

/** A model that was measured. */
interface Row {
  format: string;
  /** With what matrices are multiplied with, where that is no float32. */
  method: string;
  bytes: number;
  bitsPerWeight: number;
  largestError: number;
  bitsPerByte: number;
  perplexity: number;
  added: number;
  low: number;
  high: number;
  onFrontier: boolean;
}

const rowsOf = ({ table: of }: Entry): Row[] => {
  const column = (name: string) => numbersOf(of, name).map((value) => value ?? NaN);
  const [bytes, bits, errors, losses] = ['bytes', 'bitsPerWeight', 'largestError', 'bitsPerByte'].map(column);
  const [perplexities, added, low, high] = ['perplexity', 'addedBitsPerByte', 'low', 'high'].map(column);
  const [formats, methods, best] = ['format', 'method', 'onFrontier'].map((name) => textsOf(of, name));
  const activations = textsOf(of, 'activations'); // which older tables have not
  const by = (i: number) => ((activations[i] ?? 'f32') === 'f32' ? '' : ` by ${activations[i]}`);
  return formats!.map((format, i) => ({
    format,
    method: `${methods![i]!}${by(i)}`,
    bytes: bytes![i]!,
    bitsPerWeight: bits![i]!,
    largestError: errors![i]!,
    bitsPerByte: losses![i]!,
    perplexity: perplexities![i]!,
    added: added![i]!,
    low: low![i]!,
    high: high![i]!,
    onFrontier: best![i] === 'true',
  }));
};

/** @param step the id of the figure begins with it */
export function quantizationComparison(step: string, entries: readonly Entry[]): Html {
  return html`${entries.map((entry, at) => ofEntry(`${step}-comparison${at === 0 ? '' : `-${at + 1}`}`, entry))}`;
}

function ofEntry(id: string, entry: Entry): Html {
  const [original, ...others] = rowsOf(entry);
  if (original === undefined) return html``;
  const { label, table: of } = entry;
  const behind = label === '' ? '' : ` of ${label}`;
  const methods = [...new Set(others.map(({ method }) => method))];
  /** Hundredths of a percent are finer than any interval here. */
  const percent = (value: number) => ((100 * value) / original.bitsPerByte).toFixed(2).replace('-', '−');
  const bySize = [original, ...others].sort((a, b) => b.bytes - a.bytes || a.bitsPerByte - b.bitsPerByte);
  return html`<h3>Size and loss${behind}</h3>
    ${lineFigure({
      id,
      title: `Size and loss${behind}`,
      x: 'megabytes',
      panels: [
        {
          title: 'Loss by size',
          unit: 'bits per byte',
          wide: true,
          logarithmic: true,
          series: [
            { label: 'Pareto frontier', color: 1, points: pointsOf(bySize.filter(({ onFrontier }) => onFrontier)) },
            ...methods.map((method, i): Series => ({
              label: method,
              color: 2 + (i % 7),
              points: pointsOf(others.filter((row) => row.method === method)),
            })),
          ],
        },
      ],
      source: of.file,
    })}
    ${note('Of several formats of one size by one method, the plot has the one that loses least. On the frontier (✓) is what nothing as small, or smaller, loses less than.')}
    ${table(
      `Formats and methods${behind}`,
      [
        { title: 'format' },
        { title: 'method' },
        { title: 'size', numeric: true },
        { title: 'bits per weight', numeric: true },
        { title: 'largest error', numeric: true },
        { title: 'bits per byte', numeric: true },
        { title: 'perplexity', numeric: true },
        { title: 'added', numeric: true },
        { title: '95 % interval', numeric: true },
        { title: 'frontier' },
      ],
      bySize.map((row): Child[] => [
        row.format,
        row === original ? 'as it was' : row.method,
        formatBytes(row.bytes),
        row.bitsPerWeight.toFixed(3),
        `${formatNumber(100 * row.largestError, 3)} %`,
        row.bitsPerByte.toFixed(4),
        formatNumber(row.perplexity, 5),
        `${percent(row.added)} %`,
        `${percent(row.low)} to ${percent(row.high)} %`,
        row.onFrontier ? '✓' : '',
      ]),
    )}`;
}

/** Points ascending in size, of each size the one that loses least. */
function pointsOf(rows: readonly Row[]): [number, number][] {
  const bySize = new Map<number, number>();
  for (const { bytes, bitsPerByte } of rows) {
    const known = bySize.get(bytes);
    if (known === undefined || bitsPerByte < known) bySize.set(bytes, bitsPerByte);
  }
  return [...bySize].map(([bytes, loss]): [number, number] => [bytes / 1e6, loss]).sort(([a], [b]) => a - b);
}
