/** @file Matrices that do not learn, and their updates of low rank, against matrices that do. */
import { resolveBackend, useBackend, type BackendName } from '@arrowsmith/engine';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  embedding,
  freeze,
  gatedFeedForward,
  groupedLinears,
  linear,
  linearAdd,
  linearCrossEntropy,
  linears,
  logits,
  recompute,
  storedMatrix,
  tokenLosses,
  type FrozenMatrix,
} from './index.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor } from './testing/errors.ts';

const native = resolveBackend('auto') === 'native';

/** A matrix's values, rounded to bfloat16 where that is how it is stored, as the backend that is active keeps one that does not learn. */
function frozenPair(shape: number[], seed: number, format: 'tensor' | 'f32' | 'bf16') {
  const words = new Uint32Array(randomTensor(shape, seed).dataSync<'float32'>().slice().buffer);
  const values = new Float32Array(words.map((word) => (format === 'bf16' ? word & 0xffff0000 : word)).buffer);
  const tensor = tf.tensor(values, shape);
  if (format === 'tensor') return { tensor, frozen: tensor };
  const halves = Uint16Array.from(words, (word) => word >>> 16);
  return { tensor, frozen: storedMatrix(format, shape, new Uint8Array((format === 'f32' ? values : halves).buffer)) };
}

const bits = (tensors: readonly tf.Tensor[]): Uint32Array[] =>
  tensors.map((tensor) => new Uint32Array(tensor.dataSync<'float32'>().slice().buffer));

/** float32 sums of some dozen terms, in other orders. */
const TOLERANCE = 2e-6;

function expectClose(actual: tf.Tensor, expected: tf.Tensor): void {
  expect(actual.shape).toEqual(expected.shape);
  const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0]!;
  expect(largest(tf.sub(actual, expected))).toBeLessThan(TOLERANCE * Math.max(1, largest(expected)));
}

const SETTINGS: [BackendName, 'tensor' | 'f32' | 'bf16'][] = [
  ['cpu', 'tensor'],
  ...(native
    ? ([
        ['native', 'tensor'],
        ['native', 'f32'],
        ['native', 'bf16'],
      ] as const)
    : []),
] as [BackendName, 'tensor' | 'f32' | 'bf16'][];

describe.each(SETTINGS)('on %s, as %s', (backend, format) => {
  beforeAll(() => useBackend(backend));

  const [SCALE, RANK] = [1.5, 3];
  const adapterOf = (out: number, input: number, seed: number) => ({
    a: randomTensor([RANK, input], seed),
    b: randomTensor([out, RANK], seed + 1),
  });
  const merged = (weight: tf.Tensor, { a, b }: { a: tf.Tensor; b: tf.Tensor }) =>
    tf.add(weight, tf.mul(tf.matMul(b, a), SCALE));

  test('an update computes what the matrix with it added does, of heads and onto a residual, too', () => {
    const [q, k] = [frozenPair([12, 20], 1, format), frozenPair([6, 20], 2, format)];
    const update = adapterOf(12, 20, 3);
    const adapted = freeze(q.frozen, { ...update, scale: SCALE });
    const x = randomTensor([2, 9, 20], 5);
    const [yQ, yK] = linears(x, [adapted, freeze(k.frozen)], { headDim: 6 });
    const [zQ, zK] = linears(x, [merged(q.tensor, update), k.tensor], { headDim: 6 });
    expectClose(yQ, zQ);
    expectClose(yK, zK);
    const residual = randomTensor([2, 9, 12], 6);
    const heads = tf.reshape(x, [2, 9, 4, 5]);
    expectClose(linearAdd(heads, adapted, residual), linearAdd(heads, merged(q.tensor, update), residual));
    expectClose(linearAdd(x, freeze(q.frozen), residual), linearAdd(x, q.tensor, residual));
    const ids = tf.tensor([[3, 0, 11]], [1, 3], 'int32');
    expectClose(embedding(freeze(q.frozen), ids), embedding(q.tensor, ids));
    expectClose(logits(x, freeze(q.frozen), { scale: 0.5 }), logits(x, q.tensor, { scale: 0.5 }));
  });

  test('gradients by input, residual and update are those of finite differences', () => {
    const [q, k] = [frozenPair([12, 20], 1, format), frozenPair([6, 20], 2, format)];
    const { a, b } = adapterOf(12, 20, 3);
    const x = randomTensor([9, 20], 5);
    const both = (...[input, left, right]: tf.Tensor[]) => {
      const adapted = freeze(q.frozen, { a: left!, b: right!, scale: SCALE });
      const [yQ, yK] = linears(input!, [adapted, freeze(k.frozen)]);
      return tf.concat([yQ, yK], 1);
    };
    expect(gradientError(both, [x, a, b])).toBeLessThan(GRADIENT_TOLERANCE);
    const ontoResidual = (...[input, left, right, residual]: tf.Tensor[]) =>
      linearAdd(input!, freeze(q.frozen, { a: left!, b: right!, scale: SCALE }), residual!);
    expect(gradientError(ontoResidual, [x, a, b, randomTensor([9, 12], 6)])).toBeLessThan(GRADIENT_TOLERANCE);
  });

  test('the gradients of an update are those of its matrix, taken through the product: scale · Bᵀ dW and scale · dW Aᵀ', () => {
    const { tensor, frozen } = frozenPair([12, 20], 1, format);
    const { a, b } = adapterOf(12, 20, 3);
    const [x, dY] = [randomTensor([9, 20], 5), randomTensor([9, 12], 6)];
    const [dX, dA, dB] = tf.grads((input, left, right) =>
      linear(input!, freeze(frozen, { a: left!, b: right!, scale: SCALE })),
    )([x, a, b], dY) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [dXOfWhole, dW] = tf.grads((input, weight) => linear(input!, weight!))([x, merged(tensor, { a, b })], dY) as [
      tf.Tensor,
      tf.Tensor,
    ];
    expectClose(dX, dXOfWhole);
    expectClose(dA, tf.mul(tf.matMul(b, dW, true), SCALE));
    expectClose(dB, tf.mul(tf.matMul(dW, a, false, true), SCALE));
  });

  test('feed-forward networks, experts and the output layer go on as if they learned', () => {
    const x = randomTensor([9, 20], 5);
    const [gate, up, down] = [
      frozenPair([16, 20], 1, format),
      frozenPair([16, 20], 2, format),
      frozenPair([20, 16], 3, format),
    ] as const;
    const gradientOf = (f: (x: tf.Tensor) => tf.Tensor) => tf.grad(f)(x);
    const network = (weights: Parameters<typeof gatedFeedForward>[1]) => (input: tf.Tensor) =>
      gatedFeedForward(input, weights, { activation: 'silu', residual: input });
    const frozenNetwork = network({
      gate: freeze(gate.frozen),
      up: freeze(up.frozen),
      down: freeze(down.frozen),
    });
    const learning = network({ gate: gate.tensor, up: up.tensor, down: down.tensor });
    expectClose(frozenNetwork(x), learning(x));
    const update = adapterOf(20, 16, 9);
    const adapted = (input: tf.Tensor, a: tf.Tensor, b: tf.Tensor) =>
      gatedFeedForward(
        input,
        { gate: freeze(gate.frozen), up: freeze(up.frozen), down: freeze(down.frozen, { a, b, scale: SCALE }) },
        { activation: 'gelu-tanh', residual: input },
      );
    const withUpdate = { gate: gate.tensor, up: up.tensor, down: merged(down.tensor, update) };
    expectClose(
      adapted(x, update.a, update.b),
      gatedFeedForward(x, withUpdate, { activation: 'gelu-tanh', residual: x }),
    );
    const error = gradientError((...[input, a, b]) => adapted(input!, a!, b!), [x, update.a, update.b]);
    expect(error).toBeLessThan(GRADIENT_TOLERANCE);
    expectClose(gradientOf(frozenNetwork), gradientOf(learning));

    const [first, second] = [frozenPair([3, 6, 20], 4, format), frozenPair([3, 4, 20], 5, format)];
    const offsets = tf.tensor([0, 5, 5, 9], [4], 'int32');
    const experts = (weights: Parameters<typeof groupedLinears>[1]) => (input: tf.Tensor) =>
      tf.concat([...groupedLinears(input, weights, offsets)], 1);
    const [frozenExperts, learningExperts] = [
      experts([freeze(first.frozen), freeze(second.frozen)]),
      experts([first.tensor, second.tensor]),
    ];
    expectClose(frozenExperts(x), learningExperts(x));
    expectClose(gradientOf(frozenExperts), gradientOf(learningExperts));

    const output = frozenPair([33, 20], 7, format);
    const targets = tf.tensor([1, 32, -1, 0, 5, 6, -1, 8, 9], [9], 'int32');
    const loss = (weight: tf.Tensor | FrozenMatrix) => (input: tf.Tensor) =>
      linearCrossEntropy(input, weight, targets, { scale: 0.7, softCap: 5 });
    const [frozenLoss, learningLoss] = [loss(freeze(output.frozen)), loss(output.tensor)];
    expectClose(tf.valueAndGrad(frozenLoss)(x).value, tf.valueAndGrad(learningLoss)(x).value);
    expectClose(gradientOf(frozenLoss), gradientOf(learningLoss));
    expectClose(tokenLosses(x, freeze(output.frozen), targets), tokenLosses(x, output.tensor, targets));
  });

  test('recomputed, gradients have the same bits, and what does not learn has none', () => {
    const { frozen } = frozenPair([20, 20], 1, format);
    const { a, b } = adapterOf(20, 20, 3);
    const x = randomTensor([9, 20], 5);
    const gradients = (again: boolean) =>
      tf.grads((input, left, right) => {
        const weight = freeze(frozen, { a: left!, b: right!, scale: SCALE });
        const compute = (own: { input: tf.Tensor; weight: FrozenMatrix }) =>
          linear(tf.tanh(linear(own.input, own.weight)), own.weight);
        return again ? recompute(compute, { input: input!, weight }, {}) : compute({ input: input!, weight });
      })([x, a, b]);
    const plain = gradients(false);
    const before = tf.memory().numTensors;
    const recomputed = gradients(true);
    expect(bits(recomputed)).toEqual(bits(plain));
    expect(tf.memory().numTensors - before).toBe(3);
  });
});

test.runIf(native)(
  'stored in fewer bits, results are those of the floats that the bits stand for, bit for bit',
  async () => {
    await useBackend('native');
    const { tensor, frozen } = frozenPair([40, 64], 1, 'bf16');
    const same = storedMatrix('f32', [40, 64], new Uint8Array(tensor.dataSync<'float32'>().slice().buffer));
    const { a, b } = { a: randomTensor([3, 64], 2), b: randomTensor([40, 3], 3) };
    const x = randomTensor([33, 64], 4);
    const targets = tf.tensor(new Int32Array(33).fill(7), [33], 'int32');
    const output = storedMatrix(
      'f32',
      [50, 40],
      new Uint8Array(randomTensor([50, 40], 9).dataSync<'float32'>().slice().buffer),
    );
    const of = (matrix: typeof same) =>
      tf.grads((input, left, right) => {
        const y = linear(input!, freeze(matrix, { a: left!, b: right!, scale: 2 }));
        return linearCrossEntropy(y, freeze(output), targets);
      })([x, a, b]);
    expect(bits(of(frozen as typeof same))).toEqual(bits(of(same)));
  },
);
