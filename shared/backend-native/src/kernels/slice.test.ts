/** @file Tests of parts of tensors and of padding: the same as tfjs's own CPU backend, element by element. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeBuild } from '../build.ts';
import { startNativeBackend } from '../index.ts';

const counting = (shape: number[]) => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => i + 1),
    shape,
  );
};

/** The result on each backend. */
async function onBoth(compute: () => tf.Tensor): Promise<{ shape: number[]; values: number[] }[]> {
  const results = [];
  for (const backend of ['native', 'cpu']) {
    await tf.setBackend(backend);
    results.push(
      tf.tidy(() => {
        const result = compute();
        return { shape: result.shape, values: Array.from(result.dataSync()) };
      }),
    );
  }
  return results;
}

describe.skipIf(!nativeBuild().available)('on the backend native', () => {
  beforeAll(() => startNativeBackend());

  test.each<[number[], number[], number[]]>([
    [[5], [2], [3]],
    [
      [4, 3],
      [1, 0],
      [2, 3],
    ],
    [
      [4, 3],
      [1, 1],
      [3, 2],
    ],
    [
      [4, 3],
      [0, 2],
      [-1, 1],
    ],
    [
      [2, 3, 4],
      [1, 0, 1],
      [1, 3, 2],
    ],
    [
      [2, 3, 4, 5],
      [0, 1, 2, 0],
      [2, 1, 1, 5],
    ],
    [
      [2, 3, 4, 5],
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
    ],
    [
      [4, 3],
      [2, 1],
      [0, 2],
    ],
  ])('a slice of %j from %j of size %j is that of tfjs', async (shape, begin, size) => {
    const [native, cpu] = await onBoth(() => tf.slice(counting(shape), begin, size));
    expect(native).toEqual(cpu);
  });

  test('a slice of integers is that of tfjs, too', async () => {
    const [integers, same] = await onBoth(() => tf.slice(tf.tensor1d([1, 2, 3], 'int32'), [1], [2]));
    expect(integers).toEqual(same);
  });

  test('a vector is sliced by numbers, and axes that are left out are whole', async () => {
    const [vector, expected] = await onBoth(() => tf.slice(counting([7]), 2, 3));
    expect(vector).toEqual(expected);
    const [matrix, same] = await onBoth(() => tf.slice(counting([4, 3]), [1], [2]));
    expect(matrix).toEqual(same);
  });

  test('beyond the end it is refused as tfjs refuses it', async () => {
    await tf.setBackend('native');
    expect(() => tf.slice(counting([4]), [2], [3])).toThrow(/begin\[0\] \+ size\[0\]/);
  });

  test.each<[number[], [number, number][], number]>([
    [[3], [[1, 2]], 0],
    [
      [2, 3],
      [
        [0, 0],
        [1, 1],
      ],
      -1,
    ],
    [
      [2, 2, 3],
      [
        [1, 0],
        [0, 0],
        [2, 1],
      ],
      0.5,
    ],
    [
      [2, 1, 2, 2],
      [
        [0, 1],
        [1, 1],
        [0, 0],
        [0, 0],
      ],
      0,
    ],
  ])('%j padded by %j with %d is as tfjs pads', async (shape, paddings, value) => {
    const [native, cpu] = await onBoth(() => tf.pad(counting(shape), paddings, value));
    expect(native).toEqual(cpu);
  });
});
