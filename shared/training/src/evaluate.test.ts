import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { forward, initialWeights, logits, tensorsOf, type ParameterTensors } from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/engine';
import { splitLoss } from './evaluate.ts';
import { config, contextLength, trainSplit, validationSplit } from './testing/tiny-run.ts';

let parameters: ParameterTensors;

beforeAll(async () => {
  await useBackend('cpu');
  parameters = tensorsOf(initialWeights(config, 1));
});

test('is the sum of −ln softmax over all targets that are not padding', async () => {
  const { nats, tokens } = await splitLoss({ config, parameters, rows: validationSplit, batchSize: 2 });
  let expected = 0;
  for (let row = 0; row < validationSplit.rows; row++) {
    const { inputs, targets } = await validationSplit.read([row]);
    const scores = tf
      .tidy(() =>
        logits(config, parameters, forward(config, parameters, tf.tensor2d(inputs, [1, contextLength], 'int32'))),
      )
      .arraySync() as number[][][];
    targets.forEach((target, i) => {
      if (target === -1) return;
      const exps = scores[0]![i]!.map(Math.exp);
      expected -= Math.log(exps[target]! / exps.reduce((a, b) => a + b));
    });
  }
  expect(tokens).toBe(5 * 9);
  // float32 logits against a float64 softmax of them
  expect(Math.abs(nats / expected - 1)).toBeLessThan(1e-5);
});

const loss = (batchSize: number, indices?: number[]) =>
  splitLoss({ config, parameters, rows: trainSplit, batchSize, ...(indices && { indices }) });

test('does not depend on the batch size, and can be limited to some rows', async () => {
  const [one, three, all] = [await loss(1), await loss(3), await loss(100)];
  expect(one.tokens).toBe(11 * contextLength);
  // Float32 additions inside a matrix product may be ordered otherwise.
  expect(Math.abs(three.nats / one.nats - 1)).toBeLessThan(1e-6);
  expect(Math.abs(all.nats / one.nats - 1)).toBeLessThan(1e-6);
  const parts = [await loss(2, [0, 1, 2, 3]), await loss(2, [4, 5, 6, 7, 8, 9, 10])];
  expect(Math.abs((parts[0]!.nats + parts[1]!.nats) / one.nats - 1)).toBeLessThan(1e-6);
});

test('reports progress, keeps no tensors, and stops when asked to', async () => {
  const before = tf.memory().numTensors;
  const progress: number[] = [];
  const controller = new AbortController();
  const work = splitLoss({
    config,
    parameters,
    rows: trainSplit,
    batchSize: 4,
    onProgress: (done, total) => {
      progress.push(done, total);
      if (done === 8) controller.abort(new Error('enough'));
    },
    signal: controller.signal,
  });
  await expect(work).rejects.toThrow('enough');
  expect(progress).toEqual([4, 11, 8, 11]);
  expect(tf.memory().numTensors).toBe(before);
});
