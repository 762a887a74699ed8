/** @file Tests of the time of a training, against times made up of a known overhead and a known rate. */
import { decoderConfig, modelParameters } from '@arrowsmith/model';
import { expect, test } from 'vitest';
import { flopPerToken } from '../bench/models.ts';
import { type MeasuredStep, speedOf, trainingTime } from './training-time.ts';

const model = (hiddenSize: number, layers: number, rest: object = {}) =>
  decoderConfig(
    modelParameters.parse({ hiddenSize, layers, heads: 4, kvHeads: 2, intermediateSize: 3 * hiddenSize, ...rest }),
    {
      vocabularySize: 512,
      contextLength: 64,
    },
  );
/** A step of 8 rows that takes 1 ms a layer, and its work at 50 GFLOP/s. */
const measured = (config: MeasuredStep['config']): MeasuredStep => ({
  config,
  batchSize: 8,
  seconds: 1e-3 * config.layers.length + (8 * 64 * flopPerToken(config)) / 50e9,
});
const training = {
  steps: 100,
  batchSize: 32,
  gradientAccumulation: 2,
  recomputeActivations: false,
  validation: { every: 30, rows: 16 },
};
const [small, large] = [model(32, 2), model(128, 4)];

test('overhead and rate are found again from two measured steps', () => {
  const { perLayer, rate } = speedOf(measured(small), measured(large));
  expect(perLayer).toBeCloseTo(1e-3, 9);
  expect(rate / 50e9).toBeCloseTo(1, 6);
});

test('a step that is faster than its work explains leaves the rate of the larger one', () => {
  const { perLayer, rate } = speedOf({ ...measured(small), seconds: 1e-9 }, measured(large));
  expect(perLayer).toBe(0);
  expect(rate).toBeCloseTo((8 * 64 * flopPerToken(large)) / measured(large).seconds, 0);
});

test('the time of a training is that of its steps, by micro-batch, and a third of their work for each row validated', () => {
  const config = model(64, 3);
  const work = (rows: number) => (rows * 64 * flopPerToken(config)) / 50e9;
  const { step, total } = trainingTime(config, training, { perLayer: 1e-3, rate: 50e9 });
  expect(step).toBeCloseTo(2 * 3 * 1e-3 + work(32), 9);
  expect(total).toBeCloseTo(100 * step + (4 * work(16)) / 3, 6); // validations after 30, 60, 90 and 100 steps
  const recomputed = trainingTime(config, { ...training, recomputeActivations: true }, { perLayer: 0, rate: 50e9 });
  expect(recomputed.step).toBeCloseTo((4 / 3) * work(32), 9);
});

test('a nested model takes the mean of its widths; families that do more beside their multiplications take longer', () => {
  const speed = { perLayer: 0, rate: 50e9 };
  const whole = trainingTime(large, training, speed).total;
  const nested = trainingTime(model(128, 4, { matformer: { granularities: 4 } }), training, speed).total;
  expect(nested).toBeLessThan(0.9 * whole);
  expect(nested).toBeGreaterThan(whole / 4);
  const { total } = trainingTime({ ...large, family: 'gemma3n' }, training, speed);
  expect(total / whole).toBeCloseTo(1 / 0.71, 3);
});
