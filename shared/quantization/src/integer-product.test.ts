/** @file Products of activations of int8 with the integers of every format, by kernels and number by number. */
import { resolveBackend, useBackend } from '@arrowsmith/engine';
import { decoderConfig, initialWeights, modelParameters, tensorsOf } from '@arrowsmith/model';
import { linear, linears, logits, type StoredMatrix, storedMatrix, tokenLosses } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { withActivations } from './activations.ts';
import { numberFormats } from './formats/index.ts';
import { storeAs } from './store-as.ts';
import { runnable } from './stored-model.ts';
import { integerProduct } from './testing/integer-product.ts';
import { storeFloat32 } from './weight-formats.ts';

/** Values like weights, with some far from the others; the same each time. */
function values(count: number, seed: number): Float32Array {
  return Float32Array.from(
    { length: count },
    (_, i) => Math.sin(i * 12.9898 + seed + (i % 7)) * (i % 97 === 0 ? 0.4 : 0.05),
  );
}

/** Zeros with their signs, too. */
const bitsOf = ({ buffer, byteOffset, length }: Float32Array): Uint32Array =>
  new Uint32Array(buffer, byteOffset, length);

const withIntegers = [...numberFormats.keys()].filter((name) => !['f32', 'f16', 'bf16'].includes(name));

describe.runIf(resolveBackend('auto') === 'native')('on native', () => {
  beforeAll(() => useBackend('native'));

  const matrixOf = (format: string, out: number, columns: number) => {
    const stored = storeAs(format, { shape: [out, columns], data: values(out * columns, 1) });
    expect(stored.format).toBe(format);
    const matrix: StoredMatrix = { ...storedMatrix(format, stored.shape, stored.bytes), activations: 'int8' };
    return { stored, matrix };
  };

  test.each(withIntegers)('%s: kernels compute what integers give, to the bit', async (format) => {
    const { blockSize } = numberFormats.get(format)!;
    for (const [n, out, columns] of [
      [1, 33, 3 * blockSize],
      [9, 5, blockSize],
      [100, 3, blockSize],
      ...(blockSize === 1 ? ([[4, 19, 131]] as const) : []),
    ] as const) {
      const { stored, matrix } = matrixOf(format, out, columns);
      const x = values(n * columns, 2);
      const expected = bitsOf(integerProduct(x, stored));
      for (const threads of [1, 2, 3]) {
        await useBackend('native', { threads });
        expect(bitsOf(linear(tf.tensor2d(x, [n, columns]), matrix).dataSync<'float32'>())).toEqual(expected);
      }
    }
  });

  test('they are near the products with activations as they are, and not the same', () => {
    const { matrix } = matrixOf('int4-g32', 64, 256);
    const x = tf.tensor2d(values(4 * 256, 3), [4, 256]);
    const difference = tf.norm(tf.sub(linear(x, matrix), linear(x, { ...matrix, activations: 'f32' }))).dataSync()[0]!;
    const relative = difference / tf.norm(linear(x, matrix)).dataSync()[0]!;
    expect(relative).toBeGreaterThan(1e-4);
    expect(relative).toBeLessThan(0.03); // steps are up to 1/127 of a block's largest
  });

  test('losses of tokens are those of the logits', () => {
    const { matrix } = matrixOf('Q4_0', 40, 64);
    const x = tf.tensor2d(values(6 * 64, 4), [6, 64]);
    const targets = tf.tensor1d([0, 39, -1, 7, 8, 9], 'int32');
    const losses = tokenLosses(x, matrix, targets, { scale: 2 }).arraySync() as number[];
    const scores = logits(x, matrix, { scale: 2 }).arraySync() as number[][];
    for (const [i, target] of (targets.arraySync() as number[]).entries()) {
      const sum = scores[i]!.reduce((total, score) => total + Math.exp(score), 0);
      expect(losses[i]).toBeCloseTo(target < 0 ? 0 : Math.log(sum) - scores[i]![target]!, 5); // float32
    }
  });

  test('losses of more tokens than logits are made of at once are those of each', () => {
    const { matrix } = matrixOf('Q4_0', 4096, 32);
    const rows = 2 ** 22 / 4096 + 3;
    const x = tf.tensor2d(values(rows * 32, 6), [rows, 32]);
    const targets = tf.tensor1d(
      Array.from({ length: rows }, (_, i) => (i * 37) % 4096),
      'int32',
    );
    const last = tokenLosses(tf.slice(x, [rows - 5]), matrix, tf.slice(targets, [rows - 5]));
    expect(tokenLosses(x, matrix, targets).dataSync().slice(-5)).toEqual(last.dataSync());
  });

  test('matrices that share an input are asked for the same, also where one has no integers', () => {
    const { matrix } = matrixOf('Q4_0', 40, 64);
    const { matrix: floats } = matrixOf('bf16', 24, 64);
    const x = tf.tensor2d(values(3 * 64, 5), [3, 64]);
    const [y, z] = linears(x, [matrix, floats]);
    expect(y.dataSync()).toEqual(linear(x, matrix).dataSync());
    expect(z.dataSync()).toEqual(linear(x, { ...floats, activations: 'f32' }).dataSync());
    expect(() => linears(tf.zeros([1, 64]), [matrix, { ...matrix, activations: 'f32' }])).toThrow('f32, or of int8');
  });

  const config = decoderConfig(modelParameters.parse({ hiddenSize: 32, layers: 1, heads: 2, intermediateSize: 32 }), {
    vocabularySize: 13,
    contextLength: 8,
  });
  const stored = (format: string) =>
    Object.fromEntries(
      Object.entries(initialWeights(config, 1)).map(([name, tensor]) => [
        name,
        tensor.shape.length < 2 ? storeFloat32(tensor) : storeAs(format, tensor, name),
      ]),
    );

  test('a model is asked for it matrix by matrix; one without integers is refused', () => {
    const asked = withActivations(runnable(config, stored('Q8_0')), 'int8', 'model');
    expect(asked['model.embed_tokens.weight']).toMatchObject({ format: 'Q8_0', activations: 'int8' });
    expect(asked['model.norm.weight']).toBeInstanceOf(tf.Tensor);
    const floats = runnable(config, stored('bf16'));
    expect(withActivations(floats, 'f32', 'model')).toBe(floats);
    expect(() => withActivations(floats, 'int8', 'train')).toThrow(/no integers[^]*train[^]*bf16[^]*--model=quantize/);
  });

  test('a backend without the kernels is refused', async () => {
    await useBackend('cpu');
    expect(() => withActivations(tensorsOf(initialWeights(config, 1)), 'int8', 'model')).toThrow(/native[^]*cpu/);
    await useBackend('native');
  });
});
