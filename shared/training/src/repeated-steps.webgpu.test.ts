/** @file Steps of training whose commands are repeated on the device give the same bits as steps that JavaScript does anew. */
import { passRepeater, withoutRepeating } from '@arrowsmith/backend';
import type { WebGpuBackend } from '@arrowsmith/backend-webgpu';
import { useBackend } from '@arrowsmith/engine';
import {
  decoderConfig,
  initialWeights,
  modelParameters,
  tensorsOf,
  weightsOf,
  type DecoderConfig,
} from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { TokenRows } from './data.ts';
import { trainStep } from './loop.ts';
import type { LogRow } from './log.ts';
import { initialState, muonNames } from './optimizer.ts';
import { completeParameters } from './schedule.ts';
import { config, contextLength, countingRows, splitOf, tinyParameters, trainSplit } from './testing/tiny-run.ts';

beforeAll(() => useBackend('webgpu'));

interface Run {
  steps: number;
  model?: DecoderConfig;
  train?: TokenRows;
  parameters?: Parameters<typeof tinyParameters>[0];
  /** The rows of a step. */
  rowsOf?: (step: number) => number[];
  /** Between steps. */
  between?: (step: number) => unknown;
}

/** Log and weights after the steps, and how many passes were repeated. */
async function outcome({ steps, model = config, train = trainSplit, ...others }: Run, isRepeated: boolean) {
  const { rowsOf = (step) => [0, 1, 2, 3].map((row) => (row + 4 * step) % train.rows), between } = others;
  const { optimizer } = tinyParameters({ steps, ...others.parameters });
  const state = initialState(tensorsOf(initialWeights(model, 1)), muonNames(optimizer, model));
  const passes = isRepeated ? passRepeater() : withoutRepeating();
  const log: LogRow[] = [];
  for (let step = 0; step < steps; step++) {
    const indices = rowsOf(step);
    const asked = tinyParameters({ steps, ...others.parameters, batchSize: indices.length });
    const parameters = completeParameters(asked, model);
    log.push(await trainStep({ config: model, parameters, train }, state, log, indices, { passes }));
    await between?.(step);
  }
  const weights = await weightsOf(state.parameters);
  tf.dispose(state);
  return { log, weights, repeated: (passes as Partial<{ repeated: number }>).repeated ?? 0 };
}

async function expectSame(run: Run): Promise<number> {
  const expected = await outcome(run, false);
  const { repeated, ...found } = await outcome(run, true);
  expect(expected.repeated).toBe(0);
  expect(found).toEqual({ log: expected.log, weights: expected.weights });
  return repeated;
}

test('100 steps: gradients, norm and update of all but the first few are repeated', async () => {
  expect(await expectSame({ steps: 100 })).toBeGreaterThan(3 * 94);
});

test('with accumulated gradients and recomputed activations', async () => {
  const parameters = { gradientAccumulation: 2, recomputeActivations: true };
  expect(await expectSame({ steps: 14, parameters })).toBeGreaterThan(4 * 8);
});

test('updates by Muon', async () => {
  expect(await expectSame({ steps: 12, parameters: { optimizer: { method: 'muon' } } })).toBeGreaterThan(3 * 6);
});

test('a mixture of experts, whose routers see all micro-batches', async () => {
  const model = decoderConfig(
    modelParameters.parse({
      family: 'qwen3-moe',
      hiddenSize: 16,
      layers: 2,
      heads: 4,
      kvHeads: 2,
      intermediateSize: 24,
    }),
    { vocabularySize: 23, contextLength },
  );
  expect(await expectSame({ steps: 7, model, parameters: { gradientAccumulation: 2 } })).toBeGreaterThan(4 * 2);
});

test('batches of other sizes in between', async () => {
  const rowsOf = (step: number) => Array.from({ length: step % 5 === 3 ? 2 : 4 }, (_, row) => (row + step) % 11);
  expect(await expectSame({ steps: 16, rowsOf })).toBeGreaterThan(12);
});

test('rows that end in padding, of which each step has other ones', async () => {
  const split = splitOf(countingRows(11));
  const train: TokenRows = {
    ...split,
    async read(indices) {
      const batch = await split.read(indices);
      return { ...batch, targets: batch.targets.map((id, i) => (i % contextLength > 4 + (indices[0]! % 5) ? -1 : id)) };
    },
  };
  expect(await expectSame({ steps: 10, train })).toBeGreaterThan(3 * 4);
  expect(await expectSame({ steps: 10, train, parameters: { gradientAccumulation: 2 } })).toBeGreaterThan(4 * 4);
});

test('documents that attention is confined to, whose borders are others in each step', async () => {
  const rows = countingRows(11);
  const documents = (indices: readonly number[]) =>
    Int32Array.from(indices.flatMap((row) => rows[row]!.slice(1).map((_, i) => Number(i > row % 7) + Number(i > 8))));
  const split = splitOf(rows);
  const train: TokenRows = {
    ...split,
    read: async (indices) => ({ ...(await split.read(indices)), documents: documents(indices) }),
  };
  const model = { ...config, confineAttention: true };
  const confined = await outcome({ steps: 12, model, train }, false);
  const unconfined = await outcome({ steps: 12, train }, false);
  expect(confined.log).not.toEqual(unconfined.log); // else there were no borders
  expect(await expectSame({ steps: 12, model, train })).toBeGreaterThan(3 * 6);
});

test('memory that others have meanwhile is not written to', async () => {
  const backend = tf.backend() as WebGpuBackend;
  const held: { tensor: tf.Tensor; values: Float32Array }[] = [];
  const between = (step: number) => {
    if (step === 8) backend.releaseKept();
    if (step % 4 !== 3) return;
    // Sizes that steps have, too, so that they are in buffers of steps.
    for (const size of [1, 16, 24, 4 * 12 * 16, 4 * 12 * 24]) {
      const values = Float32Array.from({ length: size }, (_, i) => i + step);
      const tensor = tf.tensor1d(values);
      backend.uploadToGPU(tensor.dataId);
      held.push({ tensor, values });
    }
  };
  expect(await expectSame({ steps: 16, between })).toBeGreaterThan(6);
  for (const { tensor, values } of held) expect(await tensor.data()).toEqual(values);
  tf.dispose(held.map(({ tensor }) => tensor));
});
