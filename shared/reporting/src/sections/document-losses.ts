/** @file Losses by document: how they are spread, and which documents are hardest. */
import { barTable, note, table } from '../blocks.ts';
import { formatNumber } from '../format.ts';
import { html, type Html } from '../html.ts';
import { type Entry, numbersOf, textsOf } from './entry.ts';

/** The losses of one model in one artifact, in bits per byte, ascending. */
interface Losses {
  title: string;
  sorted: { document: number; loss: number }[];
}

const QUANTILES = [
  { title: 'easiest', at: 0 },
  { title: '5 %', at: 0.05 },
  { title: 'median', at: 0.5 },
  { title: '95 %', at: 0.95 },
  { title: 'hardest', at: 1 },
];
const BINS = 16;
const HARDEST = 3;

export function documentLosses(entries: readonly Entry[]): Html {
  const all = entries.flatMap(lossesOf);
  const finite = all.flatMap(({ sorted }) => sorted.map(({ loss }) => loss)).filter(Number.isFinite);
  if (finite.length === 0)
    return html`<h3>Losses by document</h3>
      ${note('No document has a finite loss.')}`;
  const quantile = ({ sorted }: Losses, at: number) => sorted[Math.round(at * (sorted.length - 1))]!.loss;
  const least = finite.reduce((a, b) => Math.min(a, b));
  const most = finite.reduce((a, b) => Math.max(a, b));
  const width = (most - least) / BINS || 1;
  const binOf = (loss: number): number => Math.min(BINS - 1, Math.floor((loss - least) / width));
  const infinite = all.flatMap(({ sorted }) => sorted).length - finite.length;
  return html`<h3>Losses by document</h3>
    ${note('Bits per byte. The documents are those of the validation split.')}
    ${infinite > 0 && html`<p class="warning">${formatNumber(infinite)} losses are not finite.</p>`}
    ${table(
      'Spread of the losses by document',
      [
        { title: '' },
        { title: 'documents', numeric: true },
        ...QUANTILES.map(({ title }) => ({ title, numeric: true })),
        { title: 'hardest documents' },
      ],
      all.map((losses) => [
        losses.title,
        formatNumber(losses.sorted.length),
        ...QUANTILES.map(({ at }) => formatNumber(quantile(losses, at))),
        losses.sorted
          .slice(-HARDEST)
          .toReversed()
          .map(({ document }) => document)
          .join(', '),
      ]),
    )}
    ${barTable(
      'Documents by their loss',
      'bits per byte',
      Array.from(
        { length: BINS },
        (_, i) => `${formatNumber(least + i * width, 3)} to ${formatNumber(least + (i + 1) * width, 3)}`,
      ),
      all.map(({ title, sorted }) => {
        const values = Array<number>(BINS).fill(0);
        for (const { loss } of sorted) if (Number.isFinite(loss)) values[binOf(loss)]!++;
        return { title: title === '' ? 'documents' : title, values };
      }),
    )}`;
}

function lossesOf({ label, table: documents }: Entry): Losses[] {
  const [document, bytes, nats] = ['document', 'bytes', 'nats'].map((name) => numbersOf(documents, name));
  const byModel = new Map<string, Losses['sorted']>();
  for (const [row, model] of textsOf(documents, 'model').entries()) {
    const losses = byModel.get(model) ?? [];
    if (losses.length === 0) byModel.set(model, losses);
    losses.push({ document: document![row]!, loss: nats![row]! / Math.LN2 / bytes![row]! });
  }
  return [...byModel].map(([model, losses]) => ({
    title: [label, model].filter(Boolean).join(', '),
    sorted: losses.sort((a, b) => rank(a.loss) - rank(b.loss)),
  }));
}

/** What is not a number is hardest. */
const rank = (loss: number): number => (Number.isNaN(loss) ? Number.MAX_VALUE : Math.min(loss, Number.MAX_VALUE));
