/** @file Calibration, and the methods that look at the inputs of matrices, on the backend webgpu: beside what the fastest other backend makes of the same rows. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { type DecoderConfig, forward, tensorsOf, type Weights } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Calibrated, createCalibration } from './calibration.ts';
import { quantizeModel } from './quantize-model.ts';
import { configOf, ids, largestDifference, runAll, weightsOf } from './testing/small-models.ts';
import { decodeStored } from './weight-formats.ts';

const PASSES = 2;
/** Of two rows; the end of the second is padding. */
const counts = Array.from(ids, (_, token) => token < ids.length - 5);

async function calibrate(config: DecoderConfig, weights: Weights): Promise<Calibrated> {
  const parameters = tensorsOf(weights);
  const calibration = createCalibration(config, parameters, { products: true });
  const run = () => forward(config, parameters, tf.tensor2d(ids, [2, ids.length / 2], 'int32'));
  for (let pass = 0; pass < PASSES; pass++) await calibration.see(run, counts);
  tf.dispose(parameters);
  return calibration.inputs;
}

/** Two families: a dense one, and a mixture of experts. */
describe.each(['llama3', 'qwen3-moe'])('%s', (family) => {
  const config = configOf({ family });
  const weights = weightsOf(config);
  let [expected, found]: Calibrated[] = [];
  let [before, after] = [0, 0];
  beforeAll(async () => {
    await useBackend(resolveBackend('auto'));
    expected = await calibrate(config, weights);
    await useBackend('webgpu');
    before = tf.memory().numTensors;
    found = await calibrate(config, weights);
    after = tf.memory().numTensors;
  });

  test('keeps no tensors', () => expect(after).toBe(before));

  test('has inputs of matrices as elsewhere, each expert its own', () => {
    expect([...found!.keys()]).toEqual([...expected!.keys()]);
    const experts = [...expected!.values()].filter((groups) => groups.length > 1);
    expect(experts.length > 0).toBe(family === 'qwen3-moe');
    for (const [name, groups] of expected!) {
      for (const [group, of] of groups.entries()) {
        const other = found!.get(name)![group]!;
        expect(other.count, name).toBe(of.count);
        if (of.count === 0) continue; // an expert without tokens
        // Sums of float32 in another order, of inputs that are such sums themselves.
        for (const part of ['products', 'squares', 'magnitudes', 'maxima'] as const) {
          const [here, there] = [other, of].map((each) => Float32Array.from(each[part])) as [
            Float32Array,
            Float32Array,
          ];
          expect(largestDifference(here, there), `${part} of ${name}`).toBeLessThan(1e-5);
        }
      }
    }
  });

  const methods = ['importance', 'gptq', 'awq', 'smoothquant'] as const;
  test.each(methods)('%s stores the numbers that it stores elsewhere, but for those halfway', async (method) => {
    const storedBy = async (inputs: Calibrated) => {
      const running = quantizeModel({ config, weights, formatOf: () => 'int4-g32', method, inputs });
      const { tensors } = (await runAll(running)).result;
      return Object.values(tensors).flatMap((stored) => Array.from(decodeStored(stored)));
    };
    await useBackend('webgpu');
    const here = await storedBy(found!);
    await useBackend(resolveBackend('auto'));
    const there = await storedBy(expected!);
    // Inputs that differ in the last bits move scales by as little, and a value over to the next number where it is as near.
    const others = there.filter((value, i) => Math.abs(value - here[i]!) > 1e-4 * Math.abs(value));
    expect(others.length / there.length).toBeLessThan(0.01);
  });
});
