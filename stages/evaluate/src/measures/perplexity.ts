/** @file The loss over the whole validation split, of each model: perplexity and bits per byte. */
import { metricsTable, numbers, strings } from '@arrowsmith/artifacts';
import { countParameters } from '@arrowsmith/model';
import { type CreateMeasure, type Metrics, ofModel, type Subject } from '../measure.ts';

interface Row {
  model: string;
  tokens: number;
  bytes: number;
  loss: number;
  perplexity: number;
  bitsPerByte: number;
  weightBytes: number;
}

export const perplexity: CreateMeasure = ({ context, rows, references }) => {
  const measured: Row[] = [];
  const subjects: (Pick<Subject, 'name' | 'digest' | 'from'> & { bitsPerByte: number })[] = [];
  const lines: string[][] = [['model', 'bits per byte', 'perplexity', 'parameters', 'weights']];
  return {
    model({ name, digest, from, model: { config, format, bytes: weightBytes } }, { nats, tokens }) {
      const row: Row = {
        model: name,
        tokens,
        bytes: rows.bytes,
        loss: nats / tokens,
        perplexity: Math.exp(nats / tokens),
        bitsPerByte: nats / Math.LN2 / rows.bytes,
        weightBytes,
      };
      measured.push(row);
      subjects.push({ name, digest, from, bitsPerByte: row.bitsPerByte });
      const parameters = countParameters(config).toLocaleString('en-US');
      const size = `${(weightBytes / 1e6).toFixed(2)} MB ${format}`;
      lines.push([name, row.bitsPerByte.toFixed(4), row.perplexity.toFixed(3), parameters, size]);
      const ofTokens = { better: 'lower', perToken: true, loss: { model: name, measure: 'nats per token' } } as const;
      const ofBytes = { better: 'lower', loss: { model: name, measure: 'bits per byte' } } as const;
      return {
        bitsPerByte: { value: row.bitsPerByte, unit: 'bits per byte', ...ofBytes, headline: true, guard: 'both' },
        perplexity: { value: row.perplexity, ...ofTokens, headline: true },
        loss: { value: row.loss, unit: 'nats per token', ...ofTokens },
      };
    },
    async end() {
      const numeric = (column: Exclude<keyof Row, 'model'>) =>
        numbers(Float64Array.from(measured, (row) => row[column]));
      await context.table('metrics.arrow', metricsTable, { contextLength: String(rows.contextLength) }, [
        {
          model: strings(measured.map(({ model }) => model)),
          tokens: numeric('tokens'),
          bytes: numeric('bytes'),
          loss: numeric('loss'),
          perplexity: numeric('perplexity'),
          bitsPerByte: numeric('bitsPerByte'),
          weightBytes: numeric('weightBytes'),
        },
      ]);
      for (const { name, bitsPerByte } of references) lines.push([name, bitsPerByte.toFixed(4), '', '', '']);
      const tokens = rows.tokens.toLocaleString('en-US');
      return { metrics: costs(subjects), highlights: { [`held-out text, ${tokens} tokens`]: aligned(lines) } };
    },
  };
};

/** What a model that was made of another one, which is evaluated as well, costs against that: by quantization, for example. */
function costs(subjects: readonly (Pick<Subject, 'name' | 'digest' | 'from'> & { bitsPerByte: number })[]): Metrics {
  return Object.assign(
    {},
    ...subjects.map(({ name, from, bitsPerByte }) => {
      const source = subjects.find(({ digest }) => digest === from);
      if (source === undefined) return {};
      const value = bitsPerByte - source.bitsPerByte;
      return ofModel(name, { addedBitsPerByte: { value, unit: 'bits per byte', better: 'lower', guard: 'lower' } });
    }),
  ) as Metrics;
}

/** Rows of a table in columns, numbers at the right. */
function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((text, column) => (column === 0 ? text.padEnd(widths[0]!) : text.padStart(widths[column]!)))
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}
