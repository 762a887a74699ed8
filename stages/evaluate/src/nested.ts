/** @file The models within a nested one (MatFormer): the loss of each, against its parameters. */
import { type Column, numbers, strings } from '@arrowsmith/artifacts';
import { countParameters, extractNested, tensorsOf, type DecoderConfig } from '@arrowsmith/model';
import { splitLoss, type TokenTable } from '@arrowsmith/training';
import type { Model } from '@arrowsmith/quantization/read-model';

/** One of the models. */
export interface NestedResult {
  /** The granularity of each layer, e.g. `1 1 0 0`. */
  granularities: string;
  /** Whether all layers have the same, so that it was trained. */
  trained: boolean;
  parameters: number;
  loss: number;
  bitsPerByte: number;
}

/**
 * The granularities to measure: the same in all layers, each that was trained; and between neighbours a mixture, in which the later half of the
 * layers has the larger one. And what is asked for.
 */
export function nestedModels({ layers, matformer }: DecoderConfig, asked: readonly number[][]): number[][] {
  const { granularities } = matformer;
  const uniform = Array.from({ length: granularities }, (_, granularity) => layers.map(() => granularity));
  const mixed = uniform
    .slice(1)
    .map((of) => of.map((granularity, layer) => granularity - (2 * layer >= of.length ? 1 : 0)));
  return [...uniform, ...mixed, ...asked];
}

/** Measures models within a nested one over the whole split. @throws UserError where one of them is none */
export async function evaluateNested(
  { config, weights, perLayerRows }: Model,
  models: readonly number[][],
  rows: TokenTable,
  { batchSize, signal, onModel }: { batchSize: number; signal: AbortSignal; onModel: (done: number) => void },
): Promise<NestedResult[]> {
  const results: NestedResult[] = [];
  for (const granularities of models) {
    const extracted = extractNested(config, weights, granularities);
    const parameters = tensorsOf(extracted.weights);
    try {
      const split = { config: extracted.config, parameters, rows, batchSize, perLayerRows, signal };
      const { nats, tokens } = await splitLoss(split);
      results.push({
        granularities: granularities.join(' '),
        trained: new Set(granularities).size === 1,
        parameters: countParameters(extracted.config),
        loss: nats / tokens,
        bitsPerByte: nats / Math.LN2 / rows.bytes,
      });
    } finally {
      for (const tensor of Object.values(parameters)) tensor.dispose();
    }
    onModel(results.length);
  }
  return results.sort((a, b) => b.parameters - a.parameters);
}

/** A record batch of the table `nested-models`. */
export function nestedColumns(results: readonly NestedResult[]): Record<string, Column> {
  const column = (value: (result: NestedResult) => number) => numbers(Float64Array.from(results, value));
  return {
    granularities: strings(results.map(({ granularities }) => granularities)),
    trained: numbers(Int32Array.from(results, ({ trained }) => Number(trained))),
    parameters: column(({ parameters }) => parameters),
    loss: column(({ loss }) => loss),
    bitsPerByte: column(({ bitsPerByte }) => bitsPerByte),
  };
}

/** Lines for the summary: a model each. */
export function describeNested(results: readonly NestedResult[]): string {
  return results
    .map(({ granularities, parameters, bitsPerByte }) => {
      return `${granularities.padEnd(12)} ${parameters.toLocaleString('en-US').padStart(12)} parameters  ${bitsPerByte.toFixed(4)} bits per byte`;
    })
    .join('\n');
}
