/** @file Tests of the kernels' registration: tfjs's operations give what its own CPU backend gives; ours have the shapes they should. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeBuild } from '../build.ts';
import { type NativeBackend, startNativeBackend } from '../index.ts';

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
    const words = (count: number) => tf.zeros([count], 'int32');
    const pages = { blockSize: 2, keyOffset: 1, valueOffset: 0 };
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
      [
        'StoredLinear',
        { x: [2, 3, 8], words0: () => words(40), words1: () => words(28) },
        { formats: ['f32', 'bf16'], outs: [5, 7], in: 8, headDim: 0 },
        [
          [2, 3, 5],
          [2, 3, 7],
        ],
      ],
      [
        'StoredLinear',
        { x: [3, 2, 4], words0: () => words(6 + 12) },
        { formats: ['int8'], outs: [6], in: 8, headDim: 3 },
        [[3, 2, 3]],
      ],
      [
        'StoredLinear',
        { x: [3, 8], words0: () => words(40), residual: [3, 5] },
        { formats: ['f32'], outs: [5], in: 8, headDim: 0 },
        [[3, 5]],
      ],
      [
        'StoredGroupedLinear',
        { x: [4, 8], offsets: () => integers(0, 1, 4), words0: () => words(80), words1: () => words(14 + 28) },
        { formats: ['f32', 'int8'], outs: [5, 7], in: 8, groups: 2 },
        [
          [4, 5],
          [4, 7],
        ],
      ],
      [
        'StoredGatedFeedForward',
        { x: [2, 3, 8], gate: () => words(40), up: () => words(20), down: () => words(18), residual: [2, 3, 8] },
        { formats: ['f32', 'bf16', 'int8'], d: 8, inner: 5, activation: 'silu' },
        [[2, 3, 8]],
      ],
      [
        'StoredEmbedding',
        { ids: () => integers(0, 4, 4), words: () => words(20) },
        { format: 'bf16', rows: 5, columns: 8, scale: 2 },
        [[3, 8]],
      ],
      [
        'PagedAttention',
        { q: [3, 4, 8], k: [9, 2, 8], v: [9, 2, 8] },
        { ...attention, ...pages, queryOffsets: [0, 1, 3], lengths: [3, 2], blocks: [4, 6, 0] },
        [[3, 4, 8]],
      ],
      [
        'PagedAttentionInt8',
        { q: [3, 4, 8], words: () => tf.zeros([9, 4], 'int32'), scales: [9, 2, 1] },
        { ...attention, ...pages, queryOffsets: [0, 1, 3], lengths: [3, 2], blocks: [4, 6, 0] },
        [[3, 4, 8]],
      ],
      ['WriteRows', { table: [5, 2, 4], rows: [2, 2, 4] }, { at: [4, 1] }, []],
      [
        'WriteRowsInt8',
        { words: () => tf.zeros([5, 2], 'int32'), scales: [5, 2, 1], rows: [2, 2, 4] },
        { at: [4, 1] },
        [],
      ],
      ['GlobalNorm', { x0: [3, 8], x1: [5] }, { count: 2 }, [[]]],
    ])('%s has the outputs of its definition', (kernel, inputs, attrs, shapes) => {
      const made = Object.entries(inputs).map(([name, x]) => [name, typeof x === 'function' ? x() : x]);
      expect(run(kernel, Object.fromEntries(made) as Record<string, number[] | tf.Tensor>, attrs)).toEqual(shapes);
    });

    test('a matrix of any format is multiplied as it is stored', () => {
      const values = [1, -2, 0.5, 3, 4, -8];
      const floats = Float32Array.from(values);
      const halves = Uint16Array.from(values, (_, i) => new Uint32Array(floats.buffer)[i]! >>> 16);
      const int8 = new Int8Array([...new Uint8Array(Float32Array.of(0.5, 2).buffer), 2, -4, 1, 1, 2, -4, 0, 0]);
      const stored = { f32: floats, bf16: halves, int8 };
      const x = tf.tensor([1, 1, 1, 2, 0, -1], [2, 3]);
      for (const [format, { buffer }] of Object.entries(stored)) {
        const matrix = tf.tensor(
          new Int32Array(buffer.slice(0, Math.floor(buffer.byteLength / 4) * 4)),
          undefined,
          'int32',
        );
        const attrs = { formats: [format], outs: [2], in: 3, headDim: 0 } as unknown as tf.NamedAttrMap;
        const [y] = tf.engine().runKernel('StoredLinear', { x, words0: matrix }, attrs) as unknown as [tf.Tensor];
        expect([...y.dataSync()], format).toEqual(format === 'int8' ? [-0.5, -2, 1.5, 12] : [-0.5, -1, 1.5, 14]);
      }
      expect(() => run('StoredLinear', { x, words0: words(4) }, { formats: ['int4'], outs: [2], in: 3 })).toThrow(
        'kernel StoredLinear: int4 is none of the formats f32, bf16, int8',
      );
    });

    test('rows are written between the kernels before and after, and before JavaScript looks at the table', () => {
      const backend = tf.backend() as NativeBackend;
      const write = (table: tf.Tensor, rows: tf.Tensor, at: number[]) =>
        tf.engine().runKernel('WriteRows', { table, rows }, { at });
      tf.tidy(() => {
        const table = tf.zeros([3, 2]);
        const seen = backend.during(() => {
          const before = tf.mul(tf.add(table, tf.ones([3, 2])), 10);
          expect(write(table, tf.add(tf.ones([2, 2]), tf.ones([2, 2])), [2, 0])).toEqual([]);
          const after = tf.mul(table, 10);
          const now = [...table.dataSync()];
          write(table, tf.ones([1, 2]), [1]);
          return { before, after, now };
        });
        expect([...seen.before.dataSync()]).toEqual([10, 10, 10, 10, 10, 10]);
        expect(seen.now).toEqual([2, 2, 0, 0, 2, 2]);
        expect([...seen.after.dataSync()]).toEqual([20, 20, 0, 0, 20, 20]);
        expect([...table.dataSync()]).toEqual([2, 2, 1, 1, 2, 2]);
        expect(() => write(table, tf.ones([2, 2]), [1, 1])).toThrow('writeRows: at must have no element twice, not 1');
        expect(() => write(table, tf.ones([2, 2]), [1])).toThrow('rows has the shape [2, 2] instead of [1, 2]');
      });
    });

    test('rows of int8 are quantized between the kernels before and after, and copied as they are', () => {
      const backend = tf.backend() as NativeBackend;
      const write = (kernel: string, inputs: Record<string, tf.Tensor>, at: number[]) =>
        tf.engine().runKernel(kernel, inputs, { at });
      tf.tidy(() => {
        const [table, scales] = [tf.zeros([3, 1], 'int32'), tf.zeros([3, 1, 1])];
        const bytes = () => [...new Int8Array(table.dataSync<'int32'>().buffer)];
        backend.during(() => {
          const rows = tf.reshape(tf.mul(tf.tensor2d([[127, -254, 1, -3]]), 2), [1, 1, 4]);
          write('WriteRowsInt8', { words: table, scales, rows }, [1]);
          expect(bytes()).toEqual([0, 0, 0, 0, 64, -127, 1, -2, 0, 0, 0, 0]);
          write('WriteRowsInt8', { words: table, scales, rows: tf.neg(rows) }, [2]);
          write('WriteRows', { table, rows: tf.tensor2d([[-1]], [1, 1], 'int32') }, [0]);
        });
        expect(bytes()).toEqual([-1, -1, -1, -1, 64, -127, 1, -2, -64, 127, -1, 2]);
        expect([...scales.dataSync()]).toEqual([0, 4, 4]);
      });
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
