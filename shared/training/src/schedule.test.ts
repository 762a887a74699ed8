import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type * as z from 'zod';
import { trainingParameters } from './parameters.ts';
import {
  completeParameters,
  firstQuantizedStep,
  learningRate,
  quantizationOfStep,
  shortenedWarmup,
  warmupSteps,
} from './schedule.ts';
import { config } from './testing/tiny-run.ts';

const parse = (asked: z.input<typeof trainingParameters>) =>
  completeParameters(trainingParameters.parse(asked), config);

const parameters = parse({
  steps: 110,
  optimizer: { learningRate: 1, minimumLearningRate: 0.2, warmupSteps: 10 },
});

test('rises linearly to the peak, then follows half a cosine to the minimum', () => {
  const rates = [1, 5, 10, 60, 110].map((step) => learningRate(parameters, step));
  // Half way down the cosine: the mean of peak and minimum.
  [0.1, 0.5, 1, 0.6, 0.2].forEach((expected, i) => expect(rates[i]).toBeCloseTo(expected, 12));
  expect(learningRate(parameters, 35)).toBeCloseTo(0.2 + 0.8 * (0.5 + Math.SQRT1_2 / 2), 12);
});

test('by default warms up for a tenth of the steps and ends at a tenth of the peak', () => {
  const defaults = parse({ steps: 50, optimizer: { learningRate: 1 } });
  expect(learningRate(defaults, 4)).toBeCloseTo(0.8, 12);
  expect(learningRate(defaults, 5)).toBe(1);
  expect(learningRate(defaults, 50)).toBeCloseTo(0.1, 12);
});

test.each([
  [20, 60, 2],
  [60, 60, 6],
  [61, 60, 60],
  [2000, 5000, 100],
  [1, 1, 0],
])(
  'of %d steps with a warm-up of %d takes %d: one that does not fit is shortened, and that is said',
  (steps, asked, taken) => {
    const short = parse({ steps, optimizer: { learningRate: 1, warmupSteps: asked } });
    expect(warmupSteps(short)).toBe(taken);
    expect(taken === 0 || learningRate(short, taken) === 1).toBe(true); // the peak
    expect(learningRate(short, steps)).toBeCloseTo(0.1, 12);
    const words = `${taken} of ${steps} steps: the ${asked} of optimizer.warmupSteps do not fit`;
    expect(shortenedWarmup(short)).toBe(taken === asked ? undefined : words);
  },
);

test('lies between zero and the peak, and never rises after the warm-up', () => {
  const run = fc.record({ steps: fc.integer({ min: 1, max: 300 }), warmup: fc.integer({ min: 0, max: 400 }) });
  fc.assert(
    fc.property(run, ({ steps, warmup }) => {
      const p = parse({ steps, optimizer: { learningRate: 0.01, warmupSteps: warmup } });
      const rates = Array.from({ length: steps }, (_, i) => learningRate(p, i + 1));
      expect(rates.every((rate) => rate > 0 && rate <= 0.01)).toBe(true);
      const decay = rates.slice(Math.max(0, warmupSteps(p) - 1));
      expect(decay).toEqual(decay.toSorted((a, b) => b - a));
    }),
    { seed: 1 },
  );
});

test('without a learning rate, the peak is the one measured for the model’s width, or for that of its µP base', () => {
  const peakAt = (hiddenSize: number, mupBaseHiddenSize = 0) => {
    const model = { ...config, hiddenSize, initialization: { ...config.initialization, mupBaseHiddenSize } };
    return completeParameters(trainingParameters.parse({ steps: 5 }), model).optimizer.learningRate;
  };
  expect([32, 64, 128, 256, 512].map((width) => peakAt(width))).toEqual([0.024, 0.012, 0.006, 0.003, 0.0015]);
  expect(peakAt(512, 128)).toBe(0.006);
  expect(parse({ steps: 5, optimizer: { learningRate: 1e-4 } }).optimizer.learningRate).toBe(1e-4);
});

test.each([
  [undefined, 83], // the last quarter of 110 steps
  [0, 1],
  [0.5, 56],
  [0.999, 110],
])('matrices are quantized from the share %s of the steps on', (from, first) => {
  const quantized = parse({ steps: 110, quantization: { format: 'int4-g32', from } });
  expect(firstQuantizedStep(quantized)).toBe(first);
  expect(quantizationOfStep(quantized, first - 1)).toBeUndefined();
  expect(quantizationOfStep(quantized, first)).toBe(quantized.quantization);
  expect(quantizationOfStep(parameters, 110)).toBeUndefined();
});
