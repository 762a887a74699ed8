/** @file The work of a step, against what the model's parameters say, which are listed elsewhere. */
import { describe, expect, test } from 'vitest';
import { decoderConfig } from './architecture.ts';
import { families } from './families/index.ts';
import { modelParameters } from './model-parameters.ts';
import { parameterShapes } from './modules.ts';
import { countActiveParameters, countParameters } from './parameters.ts';
import { type AskedWork, trainingWork } from './training-work.ts';

const DATA = { contextLength: 64, vocabularySize: 512 };
const TRAINING: Omit<AskedWork, 'model'> = { batchSize: 4, gradientAccumulation: 1, optimizer: { method: 'adamw' } };

const workOf = (model: object, training: Partial<typeof TRAINING> = {}) =>
  trainingWork({ model: modelParameters.parse(model), ...TRAINING, ...training }, DATA);

describe('the work of a step', () => {
  test.each(Object.keys(families))(
    'of %s is 6 operations for each parameter that computes a token, and attention’s',
    (family) => {
      const config = decoderConfig(modelParameters.parse({ family }), DATA);
      const attended = config.layers.map(({ attention: { heads, headDim, window, chunk } }) => {
        return heads * headDim * Math.min(DATA.contextLength, window || Infinity, chunk || Infinity);
      });
      const flop = 256 * 6 * (countActiveParameters(config) + attended.reduce((sum, size) => sum + size, 0));
      // Norms are left out, and the small matrices that Gemma 3n alone has.
      const share = workOf({ family }).flop / flop;
      expect(share).toBeLessThanOrEqual(1);
      expect(share).toBeGreaterThan(family === 'gemma3n' ? 0.85 : 0.99);
    },
  );

  test('grows as it should with micro-batches and rows', () => {
    const model = { family: 'llama3', layers: 8 };
    const plain = workOf(model);
    expect(workOf(model, { gradientAccumulation: 4 }).kernels).toBeGreaterThan(3 * plain.kernels);
    expect(workOf(model, { gradientAccumulation: 4 }).flop).toBe(plain.flop);
    expect(workOf(model, { batchSize: 8 }).flop).toBe(2 * plain.flop);
    // The optimizer's traffic does not grow with the rows.
    const { bytes } = workOf(model, { batchSize: 8 });
    const optimizer = 2 * plain.bytes - bytes;
    const parameters = countParameters(decoderConfig(modelParameters.parse(model), DATA));
    expect(optimizer / (4 * parameters)).toBeCloseTo(8, 0);
  });

  test.each(Object.keys(families))(
    'of %s has by Muon the products that make its matrices orthogonal, besides',
    (family) => {
      const matrices = parameterShapes(decoderConfig(modelParameters.parse({ family }), DATA)).filter(
        ({ role, shape }) => (role === 'hidden' || role === 'residual') && shape.length >= 2,
      );
      const products = matrices.map(({ shape }) => {
        const [rows, columns] = shape.slice(-2) as [number, number];
        const side = Math.min(rows, columns);
        // X Xᵀ, its square, and what both are multiplied with: five times, of each matrix of a stack.
        const flop = 5 * 2 * (rows * columns * side + side ** 3 + rows * columns * side);
        return flop * (shape.length === 3 ? shape[0]! : 1);
      });
      const expected = products.reduce((sum, flop) => sum + flop, 0);
      const told = workOf({ family }, { optimizer: { method: 'muon' } }).flop - workOf({ family }).flop;
      expect(told / expected).toBeLessThanOrEqual(1);
      expect(told / expected).toBeGreaterThan(0.99);
    },
  );
});
