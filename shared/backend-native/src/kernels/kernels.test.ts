/** @file Tests of the kernels' registration: tfjs's operations give what its own CPU backend gives; ours have the shapes they should. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeBuild } from '../build.ts';
import { startNativeBackend } from '../index.ts';

let seed = 0;
const random = (shape: number[]) => tf.randomUniform(shape, -1, 1, 'float32', ++seed);

type Compute = (...inputs: tf.Tensor[]) => tf.Tensor;

/** Computes on the native and on the CPU backend. */
async function onBoth(shapes: number[][], compute: Compute): Promise<{ native: tf.TypedArray; cpu: tf.TypedArray }> {
  await tf.setBackend('native');
  const inputs = shapes.map(random);
  const values = inputs.map((input) => input.dataSync());
  const before = tf.memory().numTensors;
  const result = compute(...inputs);
  const native = result.dataSync();
  result.dispose();
  expect(tf.memory().numTensors).toBe(before);
  await tf.setBackend('cpu');
  const cpu = tf.tidy(() => {
    const expected = compute(...shapes.map((shape, i) => tf.tensor(values[i]!, shape)));
    expect(expected.shape).toEqual(result.shape);
    return expected.dataSync();
  });
  await tf.setBackend('native');
  tf.dispose(inputs);
  return { native, cpu };
}

/** Sums of at most 64 products of numbers below 1, in float32 and another order: far below 1e-5. */
async function expectSame(shapes: number[][], compute: Compute): Promise<void> {
  const { native, cpu } = await onBoth(shapes, compute);
  expect(native).toHaveLength(cpu.length);
  cpu.forEach((value, i) => expect(native[i]).toBeCloseTo(value, 5));
}

describe.skipIf(!nativeBuild().available)('kernels', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await startNativeBackend();
  }, 120_000);

  describe('matMul', () => {
    test.each([
      [[5, 7], [7, 3], false, false],
      [[7, 5], [7, 3], true, false],
      [[5, 7], [3, 7], false, true],
      [[7, 5], [3, 7], true, true],
      [[4, 5, 7], [4, 7, 3], false, false],
      [[4, 7, 5], [4, 3, 7], true, true],
      [[2, 3, 5, 7], [2, 3, 7, 4], false, false],
      [[5, 7], [4, 7, 3], false, false], // one matrix for all
      [[4, 5, 7], [1, 3, 7], false, true],
      [[1, 64], [64, 1], false, false],
      [[0, 7], [7, 3], false, false],
      [[5, 0], [0, 3], false, false],
    ] as [number[], number[], boolean, boolean][])('of %j and %j, transposed: %s, %s', (a, b, transposeA, transposeB) =>
      expectSame([a, b], (x, y) => tf.matMul(x!, y!, transposeA, transposeB)),
    );

    // Of tfjs's own CPU backend the product has too few values then.
    test.each([false, true])(
      'where the batches of both operands are broadcast, transposed: %s',
      async (isTransposed) => {
        await tf.setBackend('native');
        const [a, b] = isTransposed
          ? [random([2, 1, 7, 5]), random([3, 4, 7])]
          : [random([2, 1, 5, 7]), random([3, 7, 4])];
        const product = tf.matMul(a, b, isTransposed, isTransposed);
        const expected = tf.matMul(
          tf.tile(a, [1, 3, 1, 1]),
          tf.tile(tf.expandDims(b), [2, 1, 1, 1]),
          isTransposed,
          isTransposed,
        );
        expect(product.shape).toEqual([2, 3, 5, 4]);
        expect(product.dataSync()).toEqual(expected.dataSync());
      },
    );

    test('of integers stays with tfjs', async () => {
      await tf.setBackend('native');
      const product = tf.tidy(() => {
        const a = tf.tensor([1, 2, 3, 4], [2, 2], 'int32');
        return (
          tf.engine().runKernel('BatchMatMul', { a, b: a }, { transposeA: false, transposeB: false }) as tf.Tensor
        ).dataSync();
      });
      expect([...product]).toEqual([7, 10, 15, 22]);
    });

    test.each(['linear', 'relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu', 'prelu'] as const)(
      'with bias and the activation %s',
      (activation) =>
        expectSame([[5, 7], [7, 3], [3], [3]], (a, b, bias, preluActivationWeights) =>
          tf.fused.matMul({
            a: a as tf.Tensor2D,
            b: b as tf.Tensor2D,
            bias,
            activation,
            leakyreluAlpha: 0.3,
            ...(activation === 'prelu' ? { preluActivationWeights } : {}),
          }),
        ),
    );
  });

  test.each([
    ['ij,jk->ik', [5, 7], [7, 3]],
    ['ij,kj->ki', [5, 7], [3, 7]],
    ['bij,bjk->bik', [2, 5, 7], [2, 7, 3]],
    ['bshd,bthd->bhst', [2, 5, 3, 4], [2, 6, 3, 4]],
    ['bhst,bthd->bshd', [2, 3, 5, 6], [2, 6, 3, 4]],
    ['ijk,jkl->li', [3, 4, 5], [4, 5, 6]],
    ['i,i->', [7], [7]],
    ['i,j->ij', [4], [5]], // nothing is summed: tfjs's own
    ['ij,jk->k', [4, 5], [5, 6]], // one operand is summed alone: tfjs's own
  ] as [string, number[], number[]][])('einsum %s', (equation, a, b) =>
    expectSame([a, b], (x, y) => tf.einsum(equation, x!, y!)),
  );

  test.each<[string, number[], number[], (a: tf.Tensor, b: tf.Tensor) => tf.Tensor]>([
    ['a sum', [5, 7], [5, 7], tf.add],
    ['a broadcast sum', [5, 7], [7], tf.add],
    ['a product with a scalar', [5, 7], [], tf.mul],
    ['a product of a scalar', [1], [5, 7], tf.mul],
    ['a product with one number of more axes', [7], [1, 1], tf.mul],
    ['an elementwise product', [5, 7], [5, 7], tf.mul],
    ['a broadcast product', [5, 1], [7], tf.mul],
  ])('%s', (_, a, b, compute) => expectSame([a, b], (x, y) => compute(x!, y!)));

  describe('of language models', () => {
    const run = (kernel: string, inputs: Record<string, number[] | tf.Tensor>, attrs: object = {}): number[][] =>
      tf.tidy(() => {
        const tensors = Object.entries(inputs).map(([name, x]) => [name, x instanceof tf.Tensor ? x : random(x)]);
        const named = Object.fromEntries(tensors) as Record<string, tf.Tensor>;
        const outputs = [
          tf.engine().runKernel(kernel, named, attrs as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[],
        ].flat();
        for (const output of outputs) expect(output.dataSync().every(Number.isFinite)).toBe(true);
        return outputs.map(({ shape }) => shape);
      });
    const integers = (...values: number[]) => tf.tensor(values, [values.length], 'int32');
    const attention = { scale: 0.5, window: 0, chunk: 0, softCap: 0 };

    beforeAll(() => void tf.setBackend('native'));

    test.each<[string, Record<string, number[] | (() => tf.Tensor)>, object, number[][]]>([
      [
        'RmsNorm',
        { x: [2, 3, 8], weight: [8] },
        { epsilon: 1e-5 },
        [
          [2, 3, 8],
          [6, 1],
        ],
      ],
      ['RmsNormGrad', { dValue: [6, 8], x: [6, 8], weight: [8], residual0: [6, 1] }, { epsilon: 1e-5 }, [[6, 8], [8]]],
      ['Rope', { x: [2, 3, 4, 8], cos: [3, 4], sin: [3, 4] }, { interleaved: true }, [[2, 3, 4, 8]]],
      ['RopeGrad', { dValue: [2, 3, 4, 8], cos: [3, 2], sin: [3, 2] }, { interleaved: false }, [[2, 3, 4, 8]]],
      [
        'Attention',
        { q: [2, 3, 4, 8], k: [2, 5, 2, 8], v: [2, 5, 2, 8] },
        attention,
        [
          [2, 3, 4, 8],
          [2, 4, 3],
        ],
      ],
      [
        'AttentionGrad',
        {
          dValue: [2, 3, 4, 8],
          q: [2, 3, 4, 8],
          k: [2, 5, 2, 8],
          v: [2, 5, 2, 8],
          value: [2, 3, 4, 8],
          residual0: [2, 4, 3],
        },
        attention,
        [
          [2, 3, 4, 8],
          [2, 5, 2, 8],
          [2, 5, 2, 8],
        ],
      ],
      [
        'Linear',
        { x: [2, 3, 8], weight0: [5, 8], weight1: [7, 8] },
        { count: 2 },
        [
          [2, 3, 5],
          [2, 3, 7],
        ],
      ],
      [
        'LinearGrad',
        { dValue0: [2, 3, 5], dValue1: [2, 3, 7], x: [2, 3, 8], weight0: [5, 8], weight1: [7, 8] },
        { count: 2 },
        [
          [2, 3, 8],
          [5, 8],
          [7, 8],
        ],
      ],
      ['Swiglu', { gate: [6, 8], up: [6, 8] }, {}, [[6, 8]]],
      [
        'SwigluGrad',
        { dValue: [6, 8], gate: [6, 8], up: [6, 8] },
        {},
        [
          [6, 8],
          [6, 8],
        ],
      ],
      ['Geglu', { gate: [6, 8], up: [6, 8] }, {}, [[6, 8]]],
      [
        'GegluGrad',
        { dValue: [6, 8], gate: [6, 8], up: [6, 8] },
        {},
        [
          [6, 8],
          [6, 8],
        ],
      ],
      ['Embedding', { weight: [5, 8], ids: () => integers(0, 4, 4) }, {}, [[3, 8]]],
      ['EmbeddingGrad', { dValue: [3, 8], weight: [5, 8], ids: () => integers(0, 4, 4) }, {}, [[5, 8]]],
      [
        'TokenLosses',
        { x: [3, 8], weight: [5, 8], targets: () => integers(0, -1, 4) },
        { scale: 1, softCap: 0 },
        [[3]],
      ],
      [
        'LinearCrossEntropy',
        { x: [3, 8], weight: [5, 8], targets: () => integers(0, -1, 4) },
        { scale: 1, softCap: 0 },
        [[], [3, 8], [5, 8]],
      ],
      ['GlobalNorm', { x0: [3, 8], x1: [5] }, { count: 2 }, [[]]],
    ])('%s has the outputs of its definition', (kernel, inputs, attrs, shapes) => {
      const made = Object.entries(inputs).map(([name, x]) => [name, typeof x === 'function' ? x() : x]);
      expect(run(kernel, Object.fromEntries(made) as Record<string, number[] | tf.Tensor>, attrs)).toEqual(shapes);
    });

    test('a gradient that does not belong to its forward pass is refused', () => {
      expect(() => run('LinearGrad', { dValue0: [2, 4], x: [2, 8], weight0: [5, 8] }, { count: 1 })).toThrow(
        'kernel LinearGrad: dValue0 has the shape [2, 4] instead of [2, 5]',
      );
      expect(() => run('Attention', { q: [1, 5, 4, 8], k: [1, 3, 2, 8], v: [1, 3, 2, 8] }, attention)).toThrow(
        '4 heads of 5 queries do not go with 2 heads of 3 keys',
      );
    });
  });
});
