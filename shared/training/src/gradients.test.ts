import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { initialWeights, tensorsOf, type ParameterTensors } from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/ops';
import type { Batch } from './data.ts';
import { batchGradients } from './gradients.ts';
import { config, contextLength, trainSplit } from './testing/tiny-run.ts';

let parameters: ParameterTensors;

beforeAll(async () => {
  await useBackend('cpu');
  parameters = tensorsOf(initialWeights(config, 1));
});

/** Six rows, whose padding is spread unevenly: row i predicts 2i + 1 tokens, and row 5 none. */
async function unevenBatch(): Promise<Batch> {
  const { inputs, targets } = await trainSplit.read([0, 1, 2, 3, 4, 5]);
  const uneven = targets.map((target, i) => {
    const [row, position] = [Math.floor(i / contextLength), i % contextLength];
    return row < 5 && position < 2 * row + 1 ? target : -1;
  });
  return { inputs, targets: uneven };
}

test('micro-batches give the gradients and the loss of one big batch, however padding is spread', async () => {
  const batch = await unevenBatch();
  const whole = await batchGradients({ config, parameters, batch, rows: 6, microBatches: 1 });
  expect(whole.tokens).toBe(1 + 3 + 5 + 7 + 9);
  for (const microBatches of [2, 3, 6]) {
    const split = await batchGradients({ config, parameters, batch, rows: 6, microBatches });
    expect(split.tokens).toBe(whole.tokens);
    expect(Math.abs(split.loss / whole.loss - 1)).toBeLessThan(1e-6);
    for (const [name, gradient] of Object.entries(whole.gradients)) {
      const [expected, found] = [gradient.dataSync(), split.gradients[name]!.dataSync()];
      // The order of float32 additions differs; relative to the tensor's largest gradient.
      const tolerance = 1e-5 * Math.max(...expected.map(Math.abs));
      expect(tolerance).toBeGreaterThan(0);
      expected.forEach((value, i) => expect(Math.abs(value - found[i]!)).toBeLessThanOrEqual(tolerance));
    }
    tf.dispose(split.gradients);
  }
  tf.dispose(whole.gradients);
});

test('recomputing activations changes no bit of the loss and the gradients', async () => {
  const batch = await unevenBatch();
  const run = async (recomputeActivations: boolean) => {
    const result = await batchGradients({ config, parameters, batch, rows: 6, microBatches: 2, recomputeActivations });
    const values = Object.values(result.gradients).map((gradient) => Array.from(gradient.dataSync()));
    tf.dispose(result.gradients);
    return [result.loss, values];
  };
  expect(await run(true)).toEqual(await run(false));
});

test('leaves one tensor for each gradient and nothing else', async () => {
  const batch = await unevenBatch();
  const before = tf.memory().numTensors;
  const { gradients } = await batchGradients({ config, parameters, batch, rows: 6, microBatches: 3 });
  expect(tf.memory().numTensors - before).toBe(Object.keys(parameters).length);
  tf.dispose(gradients);
  expect(tf.memory().numTensors).toBe(before);
});

test('stops between micro-batches without leaving tensors behind', async () => {
  const batch = await unevenBatch();
  const before = tf.memory().numTensors;
  const controller = new AbortController();
  const work = batchGradients({ config, parameters, batch, rows: 6, microBatches: 6, signal: controller.signal });
  setImmediate(() => setImmediate(() => controller.abort(new Error('enough'))));
  await expect(work).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(before);
});
