/** @file The loss over contexts longer than those of training, by each way of extending a model to them. */
import { type Column, longContextTable, numbers, strings } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';
import { extendContext, tensorsOf, type ContextExtension } from '@arrowsmith/model';
import { splitLoss, type TokenRows, type TokenTable } from '@arrowsmith/training';
import type { Model } from '@arrowsmith/quantization/model';
import { type CreateMeasure, linesOf, type ModelLine, type Subject } from '../measure.ts';

export const longContext: CreateMeasure = ({ context, rows }) => {
  const asked = context.parameters.longContext;
  if (asked === undefined) return undefined;
  const { signal } = context;
  const results: [Subject, LongContextResult[]][] = [];
  return {
    async model(subject) {
      const { name, model } = subject;
      const bar = context.progress(`${context.step} ${name} in long contexts`, {
        total: asked.methods.length,
        unit: 'methods',
      });
      const onMethod = (done: number) => bar.update(done);
      results.push([subject, await evaluateLongContext(model, asked, rows, { signal, onMethod })]);
      bar.end();
      return {};
    },
    async end() {
      const batches = results.map(([{ name }, of]) => longContextColumns(name, of));
      await context.table('long-context.arrow', longContextTable, {}, batches);
      const label = `context × ${asked.factor}`;
      return {
        highlights: linesOf(results.map(([subject, of]): ModelLine => [subject, label, describeLongContext(of)])),
      };
    },
  };
};

/** A method's loss in one part of the context, which is as long as training's whole. */
export interface LongContextResult {
  method: ContextExtension['method'];
  factor: number;
  part: number;
  tokens: number;
  /** Nats per token. */
  loss: number;
}

/** Rows one behind the other: packed rows continue each other. */
function longRows(rows: TokenTable, factor: number, count: number): TokenRows {
  return {
    rows: count,
    contextLength: factor * rows.contextLength,
    read: (indices) => rows.read(indices.flatMap((row) => Array.from({ length: factor }, (_, i) => factor * row + i))),
  };
}

/** @throws UserError when the split is shorter than one such context, or the model cannot be extended */
export async function evaluateLongContext(
  { config, weights, perLayerRows }: Model,
  { factor, methods, rows: asked }: { factor: number; methods: readonly ContextExtension['method'][]; rows: number },
  rows: TokenTable,
  { signal, onMethod }: { signal: AbortSignal; onMethod: (done: number) => void },
): Promise<LongContextResult[]> {
  const count = Math.min(asked, Math.floor(rows.rows / factor));
  if (count === 0) {
    throw new UserError({
      what: 'the validation split is shorter than one long context',
      where: 'longContext',
      expected: `at least ${factor} rows`,
      found: `${rows.rows} rows of ${rows.contextLength} tokens`,
      fix: 'lower longContext.factor, or hold out more text',
    });
  }
  const results: LongContextResult[] = [];
  const parameters = tensorsOf(weights);
  try {
    for (const [done, method] of methods.entries()) {
      const parts = Array.from({ length: factor }, () => ({ tokens: 0, nats: 0 }));
      await splitLoss({
        config: extendContext(config, { method, factor }),
        parameters,
        rows: longRows(rows, factor, count),
        batchSize: 1,
        perLayerRows,
        signal,
        onRow({ targets, losses }) {
          for (const [position, target] of targets.entries()) {
            if (target < 0) continue;
            const part = parts[Math.floor(position / rows.contextLength)]!;
            part.tokens++;
            part.nats += losses[position]!;
          }
        },
      });
      results.push(...parts.map(({ tokens, nats }, part) => ({ method, factor, part, tokens, loss: nats / tokens })));
      onMethod(done + 1);
    }
  } finally {
    for (const tensor of Object.values(parameters)) tensor.dispose();
  }
  return results;
}

/** A record batch of the table `long-context`. */
export function longContextColumns(model: string, results: readonly LongContextResult[]): Record<string, Column> {
  return {
    model: strings(results.map(() => model)),
    method: strings(results.map(({ method }) => method)),
    factor: numbers(Int32Array.from(results, ({ factor }) => factor)),
    part: numbers(Int32Array.from(results, ({ part }) => part)),
    tokens: numbers(Float64Array.from(results, ({ tokens }) => tokens)),
    loss: numbers(Float64Array.from(results, ({ loss }) => loss)),
  };
}

/** Lines for the summary: a method each, with the loss of each part of the context. */
export function describeLongContext(results: readonly LongContextResult[]): string {
  const methods = [...new Set(results.map(({ method }) => method))];
  return methods
    .map((of) => {
      const losses = results.filter(({ method }) => method === of).map(({ loss }) => loss.toFixed(3));
      return `${of.padEnd(12)} ${losses.join('  ')}  nats per token, by part of the context`;
    })
    .join('\n');
}
