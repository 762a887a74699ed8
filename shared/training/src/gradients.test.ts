import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import {
  decoderConfig,
  initialWeights,
  modelParameters,
  parameterShapes,
  tensorsOf,
  type DecoderConfig,
  type ParameterTensors,
} from '@arrowsmith/model';
import { useBackend } from '@arrowsmith/engine';
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

test('a row keeps its picture when a batch is split', async () => {
  const vision = { patchSize: 1, channels: 2, patches: 3 };
  const sighted = { ...config, vision };
  const weights = tensorsOf(initialWeights(sighted, 1));
  const { inputs, targets } = await trainSplit.read([0, 1, 2, 3]);
  const batch = {
    inputs,
    targets: targets.map((target, i) => (i % contextLength < 3 ? -1 : target)),
    patches: Float32Array.from({ length: 4 * 6 }, (_, i) => Math.sin(i)),
  };
  const run = (microBatches: number) =>
    batchGradients({ config: sighted, parameters: weights, batch, rows: 4, microBatches });
  const [whole, split] = [await run(1), await run(4)];
  expect(Object.keys(whole.gradients)).toEqual(parameterShapes(sighted).map(({ name }) => name));
  for (const [name, gradient] of Object.entries(whole.gradients)) {
    const [expected, found] = [gradient.dataSync(), split.gradients[name]!.dataSync()];
    const tolerance = 1e-5 * Math.max(...expected.map(Math.abs)); // as above
    expect(tolerance).toBeGreaterThan(0);
    expected.forEach((value, i) => expect(Math.abs(value - found[i]!)).toBeLessThanOrEqual(tolerance));
  }
  tf.dispose([whole.gradients, split.gradients, weights]);
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

/** Gradients as numbers, and what else there is. */
async function measure(of: DecoderConfig, batch: Batch, options: Partial<Parameters<typeof batchGradients>[0]> = {}) {
  const own = tensorsOf(initialWeights(of, 1));
  const base = { config: of, parameters: own, batch, rows: 6, microBatches: 1 };
  const { gradients, ...rest } = await batchGradients({ ...base, ...options });
  const values = Object.fromEntries(Object.entries(gradients).map(([name, x]) => [name, Array.from(x.dataSync())]));
  tf.dispose([own, gradients]);
  return { ...rest, values };
}

const sizes = { hiddenSize: 16, layers: 2, heads: 4, kvHeads: 2, intermediateSize: 24, initializerRange: 0.2 };
const data = { vocabularySize: config.vocabularySize, contextLength };

test('experts are balanced over the whole batch, also in micro-batches', async () => {
  const moe = { experts: 4, topK: 2, loadBalancing: 0.5, zLoss: 0.1 };
  const experts = decoderConfig(modelParameters.parse({ family: 'qwen3-moe', ...sizes, moe }), data);
  const batch = await unevenBatch();
  const whole = await measure(experts, batch);
  expect(whole.loads).toHaveLength(2);
  const unbalanced = { ...experts, routerLoss: { loadBalancing: 0, zLoss: 0 } };
  const router = 'model.layers.0.mlp.gate.weight';
  expect((await measure(unbalanced, batch)).values[router]).not.toEqual(whole.values[router]); // the losses count
  for (const microBatches of [2, 6]) {
    const split = await measure(experts, batch, { microBatches });
    expect(Math.abs(split.loss / whole.loss - 1)).toBeLessThan(1e-6);
    for (const [layer, loads] of whole.loads.entries()) {
      loads.forEach((load, expert) => expect(split.loads[layer]![expert]).toBeCloseTo(load, 6));
    }
    for (const [name, expected] of Object.entries(whole.values)) {
      const tolerance = 1e-5 * Math.max(...expected.map(Math.abs)); // as above
      const errors = expected.map((value, i) => Math.abs(value - split.values[name]![i]!));
      expect([name, Math.max(...errors) <= tolerance]).toEqual([name, true]);
    }
  }
});

test('jointly trained granularities have the mean of their gradients', async () => {
  const nested = decoderConfig(modelParameters.parse({ ...sizes, matformer: { granularities: 3 } }), data);
  const batch = await unevenBatch();
  const joint = await measure(nested, batch, { granularities: [0, 1, 2] });
  const each = await Promise.all(
    [0, 1, 2].map((granularity) => measure(nested, batch, { granularities: [granularity] })),
  );
  expect(joint.loss).toBeCloseTo(each.reduce((sum, { loss }) => sum + loss, 0) / 3, 6);
  const name = 'model.layers.1.mlp.down_proj.weight';
  joint.values[name]!.forEach((value, i) => {
    expect(value).toBeCloseTo(each.reduce((sum, { values }) => sum + values[name]![i]!, 0) / 3, 6);
  });
});

test('attention confined to documents makes each row’s documents independent', async () => {
  const { inputs, targets } = await trainSplit.read([0, 1, 2, 3, 4, 5]);
  const documents = Int32Array.from(inputs, (_, i) => Math.floor(i / 5)); // of 5 positions, across rows of 12
  const batch = { inputs, targets, documents };
  const open = await measure(config, batch);
  const confined = await measure({ ...config, confineAttention: true }, batch);
  expect(confined.loss).not.toBeCloseTo(open.loss, 4);
  await expect(measure({ ...config, confineAttention: true }, { inputs, targets })).rejects.toThrow(/documents begin/);
});
