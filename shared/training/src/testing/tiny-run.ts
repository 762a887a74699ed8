/** @file A model, splits and parameters small enough to train in a test. */
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import type * as z from 'zod';
import type { TokenRows } from '../data.ts';
import { trainingParameters, type TrainingParameters } from '../parameters.ts';

export const contextLength = 12;

export const config = decoderConfig(
  modelParameters.parse({
    hiddenSize: 16,
    layers: 2,
    heads: 4,
    kvHeads: 2,
    intermediateSize: 24,
    initializerRange: 0.2,
  }),
  { vocabularySize: 23, contextLength },
);

/** A split held in memory; each row is its inputs followed by one more target. */
export function splitOf(rows: readonly (readonly number[])[]): TokenRows {
  return {
    rows: rows.length,
    contextLength,
    read: async (indices) => ({
      inputs: Int32Array.from(indices.flatMap((row) => rows[row]!.slice(0, contextLength))),
      targets: Int32Array.from(indices.flatMap((row) => rows[row]!.slice(1))),
    }),
  };
}

/** Rows in which each token is three more than the one before: learnable, and no two alike. */
export function countingRows(count: number): number[][] {
  return Array.from({ length: count }, (_, row) =>
    Array.from({ length: contextLength + 1 }, (_token, i) => (row + 3 * i) % config.vocabularySize),
  );
}

export const trainSplit = splitOf(countingRows(11));

/** Its rows are shorter than the context, padded with targets of −1. */
export const validationSplit: TokenRows = {
  ...splitOf(countingRows(5)),
  read: async (indices) => {
    const { inputs, targets } = await trainSplit.read(indices);
    return { inputs, targets: targets.map((target, i) => (i % contextLength < 9 ? target : -1)) };
  },
};

export function tinyParameters(overrides: Partial<z.input<typeof trainingParameters>> = {}): TrainingParameters {
  return trainingParameters.parse({
    steps: 12,
    batchSize: 4,
    optimizer: { learningRate: 1e-3 },
    validation: { every: 5, rows: 3 },
    seed: 7,
    ...overrides,
  });
}
