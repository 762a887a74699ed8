import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import {
  geglu,
  linear,
  recompute,
  reshape,
  rmsNorm,
  rope,
  positionsFrom,
  ropeFrequencies,
  ropeTables,
} from './index.ts';
import type { NamedTensors } from './tape.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor } from './testing/errors.ts';

/** Recomputation of a function that has one value. */
const recomputeOne = <I extends NamedTensors, C extends NamedTensors>(
  f: (tensors: I & C) => tf.Tensor,
  own: I,
  constants: C,
): tf.Tensor => recompute((inputs: I, others: C) => ({ value: f({ ...inputs, ...others }) }), own, constants).value;

/** A block with a residual stream, inner activations, weights and tables. */
const block = ({ x, up, down, gain, cos, sin }: NamedTensors<'x' | 'up' | 'down' | 'gain' | 'cos' | 'sin'>) =>
  tf.tidy(() => {
    const [b, s, d] = x.shape as [number, number, number];
    const rotated = rope(reshape(rmsNorm(x, gain, { epsilon: 1e-3 }), [b, s, d / 2, 2]), cos, sin);
    const inner = linear(reshape(rotated, [b, s, d]), up); // [b, s, f]
    return tf.add(x, linear(geglu(inner, inner), down)); // [b, s, d]
  });

/** Of some tensors, those with the names of others. */
const pick = <T extends NamedTensors>(all: NamedTensors, names: T): T =>
  Object.fromEntries(Object.keys(names).map((name) => [name, all[name]!])) as NamedTensors as T;

const inputs = () => [
  randomTensor([2, 3, 4], 1),
  ...[2, 3].flatMap((seed) => [
    randomTensor([8, 4], seed),
    randomTensor([4, 8], 10 * seed),
    randomTensor([4], 20 * seed),
  ]),
];

/** Two blocks, each run directly or by way of a wrapper around it. */
const twoBlocks =
  (tables: NamedTensors<'cos' | 'sin'>, wrap: typeof recomputeOne | undefined) =>
  (...[x, ...weights]: tf.Tensor[]) =>
    [0, 3].reduce((h, i) => {
      const tensors = { x: h, up: weights[i]!, down: weights[i + 1]!, gain: weights[i + 2]! };
      return wrap === undefined ? block({ ...tensors, ...tables }) : wrap(block, tensors, tables);
    }, x!);

describe.each(['cpu', 'wasm'] as const)('recomputation on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const values = (f: (...xs: tf.Tensor[]) => tf.Tensor) => {
    const { value, grads } = tf.valueAndGrads(f)(inputs(), randomTensor([2, 3, 4], 9));
    return [value, ...grads].map((tensor) => Array.from(tensor.dataSync()));
  };

  test('changes no bit of values and gradients', () => {
    const tables = ropeTables({ positions: positionsFrom(0, 3), frequencies: ropeFrequencies(2, 10) });
    const expected = values(twoBlocks(tables, undefined));
    expect(values(twoBlocks(tables, recomputeOne))).toEqual(expected);
    // The gradient tape of tfjs is one for all: the inner ones must not disturb the outer.
    const nested: typeof recomputeOne = (f, own, constants) => {
      const inner = (all: typeof own & typeof constants) => recomputeOne(f, pick(all, own), pick(all, constants));
      return recomputeOne(inner, own, constants);
    };
    expect(values(twoBlocks(tables, nested))).toEqual(expected);
    expect(gradientError(twoBlocks(tables, recomputeOne), inputs())).toBeLessThan(GRADIENT_TOLERANCE);
  });

  test('keeps nothing but the inputs until the backward pass, and nothing after it', () => {
    const tables = ropeTables({ positions: positionsFrom(0, 3), frequencies: ropeFrequencies(2, 10) });
    const xs = inputs();
    const kept = (wrap: typeof recomputeOne | undefined): number => {
      const before = tf.memory();
      let afterForward = 0;
      const gradients = tf.grads((...all: tf.Tensor[]) => {
        const y = tf.tidy(() => twoBlocks(tables, wrap)(...all));
        afterForward = tf.memory().numTensors - 1;
        return y;
      })(xs);
      tf.dispose(gradients);
      expect(tf.memory()).toEqual(before);
      return afterForward - before.numTensors;
    };
    expect(kept(recomputeOne)).toBe(2 * 6);
    // Per block: x, gain, rms; cos, sin; x, up; gate, up; x, down.
    expect(kept(undefined)).toBe(2 * 11);
  });

  test('needs the tables and the tensors only while they are given: they may be gone before the backward pass', () => {
    const f = (...xs: tf.Tensor[]) =>
      tf.tidy(() =>
        twoBlocks(
          ropeTables({ positions: positionsFrom(0, 3), frequencies: ropeFrequencies(2, 10) }),
          recomputeOne,
        )(...xs),
      );
    const tables = ropeTables({ positions: positionsFrom(0, 3), frequencies: ropeFrequencies(2, 10) });
    expect(values(f)).toEqual(values(twoBlocks(tables, undefined)));
  });

  test('gives the gradients of several values, and of those that nothing depends on none', () => {
    const run = (wrapped: boolean) => {
      const f = ({ x, y }: NamedTensors<'x' | 'y'>) => ({
        sum: tf.add(x, y),
        product: linear(x, y),
        unused: linear(y, x),
      });
      const lossOf = (...[x, y]: tf.Tensor[]) => {
        const { sum, product } = wrapped ? recompute(f, { x: x!, y: y! }, {}) : f({ x: x!, y: y! });
        return linear(product, sum);
      };
      return tf
        .grads(lossOf)([randomTensor([2, 2], 1), randomTensor([2, 2], 2)])
        .map((dX) => dX.arraySync());
    };
    expect(run(true)).toEqual(run(false));
  });

  test('gives zeros for an input that the function does not use', () => {
    const f = (...[a, b]: tf.Tensor[]) => recomputeOne(({ x, y }) => (y ? linear(x, x) : x), { x: a!, y: b! }, {});
    const [, dUnused] = tf.grads(f)([randomTensor([2, 2], 1), tf.ones([3])]);
    expect(dUnused!.arraySync()).toEqual([0, 0, 0]);
  });

  test('without a gradient just runs the function', () => {
    const before = tf.memory().numTensors;
    const x = randomTensor([2, 2], 1);
    expect(recomputeOne(({ a }) => linear(a, a), { a: x }, {}).arraySync()).toEqual(linear(x, x).arraySync());
    expect(tf.memory().numTensors).toBe(before + 3);
  });
});
