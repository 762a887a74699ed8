/** @file Losses, gradients and continued texts of every family on the backend webgpu, beside those of the reference operations. */
import { useBackend } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import type { DecoderConfig } from './config.ts';
import { families } from './families/index.ts';
import { createKvCache } from './kv-cache.ts';
import { modelParameters } from './model-parameters.ts';
import { logits, lossTerms } from './outputs.ts';
import { initialWeights } from './parameters.ts';
import { tensorsOf } from './tensors.ts';
import { continueRows } from './testing/cached.ts';

const sizes = { hiddenSize: 16, layers: 3, heads: 4, kvHeads: 2, intermediateSize: 16, window: 3, chunk: 3 };
const data = { vocabularySize: 13, contextLength: 12 };
const rows = [
  [3, 1, 4, 1, 5, 9, 2, 6],
  [2, 7, 1, 8, 2, 8, 1, 8],
];
const ids = () => tf.tensor2d(rows, [2, 8], 'int32');
const documentOffsets = () =>
  tf.tensor2d(
    rows.map((row) => row.map((_, i) => (i < 5 ? 0 : 5))),
    [2, 8],
    'int32',
  );

/** Loss, and gradients one after the other. */
function trainingStep(config: DecoderConfig): tf.Tensor[] {
  const weights = tensorsOf(initialWeights(config, 1));
  const lossOf = (...tensors: tf.Tensor[]) => {
    const parameters = Object.fromEntries(Object.keys(weights).map((name, i) => [name, tensors[i]!]));
    return lossTerms(config, parameters, ids(), ids(), { documentOffsets: documentOffsets() }).total as tf.Scalar;
  };
  const { value, grads } = tf.valueAndGrads(lossOf)(Object.values(weights));
  return [value, ...grads];
}

/** The logits of a text that goes on by a token after its beginning. */
function continuedText(config: DecoderConfig): tf.Tensor[] {
  const parameters = tensorsOf(initialWeights(config, 1));
  const cache = createKvCache(config, { sequences: 2 });
  const pieces = [rows, [[1], [2]]].flatMap((piece) => continueRows(config, parameters, cache, piece));
  const scores = pieces.map((hidden) => logits(config, parameters, hidden));
  cache.dispose();
  return scores;
}

/** The values of a computation's tensors on a backend. */
async function valuesOn(backend: 'cpu' | 'webgpu', f: () => tf.Tensor[]): Promise<Float32Array[]> {
  await tf.setBackend(backend);
  const tensors = tf.tidy(f);
  const values = await Promise.all(tensors.map(async (tensor) => (await tensor.data<'float32'>()).slice()));
  tf.dispose(tensors);
  return values;
}

/** The largest difference of a tensor, relative to its largest element. */
function difference(found: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
  return expected.reduce((most, x, i) => Math.max(most, Math.abs(found[i]! - x)), 0) / largest;
}

/**
 * Both compute in float32, and sum in other orders. Gradients of Gemma 3n's residual layers of low rank are small differences of large numbers: those of
 * the backend native are 1.1e-4 from the reference's.
 */
const toleranceOf = (family: string): number => (family === 'gemma3n' ? 3e-4 : 1e-4);

describe.each(Object.keys(families))('%s on webgpu', (family) => {
  const config = decoderConfig(modelParameters.parse({ family, ...sizes }), data);
  beforeAll(async () => {
    await useBackend('cpu');
    await useBackend('webgpu');
  });

  test.each([
    ['has the reference’s loss and gradients', trainingStep],
    ['continues a text with the reference’s logits', continuedText],
  ])('%s', async (_name, compute) => {
    const { numTensors } = tf.memory();
    const found = await valuesOn('webgpu', () => compute(config));
    expect(tf.memory().numTensors).toBe(numTensors);
    const expected = await valuesOn('cpu', () => compute(config));
    expect(found.length).toBe(expected.length);
    for (const [i, values] of expected.entries())
      expect(difference(found[i]!, values)).toBeLessThan(toleranceOf(family));
  });
});
