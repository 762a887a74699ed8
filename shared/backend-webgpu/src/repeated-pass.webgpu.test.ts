/** @file When a pass is repeated, and when it is not. */
import type { RepeatablePass } from '@arrowsmith/backend-native/repeatable-pass';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startWebGpuBackend, type WebGpuBackend } from './index.ts';
import { PassRepeater } from './repeated-pass.ts';

let backend: WebGpuBackend;
let passes: PassRepeater;
let tensors: number;
beforeAll(async () => {
  backend = await startWebGpuBackend();
  await tf.setBackend('webgpu');
});
beforeEach(() => {
  passes = new PassRepeater(backend);
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  if (tf.memory().numTensors !== tensors) throw new Error('a tensor was left');
});

/** A tensor in the device's memory. */
function onDevice(...values: number[]): tf.Tensor {
  const tensor = tf.tensor1d(values);
  backend.uploadToGPU(tensor.dataId);
  return tensor;
}

/** Runs the pass, disposes of what it makes, and returns the values. */
async function valuesOf(
  pass: Omit<RepeatablePass, 'inputs'> & { values: number[] },
  key = 'a pass',
): Promise<number[][]> {
  const { values, ...rest } = pass;
  const made = passes.run(key, { inputs: [{ values: Float32Array.from(values), shape: [values.length] }], ...rest });
  const found = await Promise.all(made.map(async (tensor) => Array.from(await tensor.data<'float32'>())));
  tf.dispose(made);
  return found;
}

test('from the third time on, with the inputs of each time', async () => {
  const given = onDevice(10, 20);
  for (let turn = 0; turn < 6; turn++) {
    const compute = ([x]: tf.Tensor[]) => [tf.mul(tf.add(x!, given), tf.add(x!, 1))];
    const found = await valuesOf({ values: [turn, 2], given: [given], compute });
    expect(found).toEqual([[(turn + 10) * (turn + 1), 66]]);
  }
  expect(passes.repeated).toBe(4);
  given.dispose();
});

test('not with inputs of other shapes, nor what is given in another buffer, but again from then on', async () => {
  const [first, second] = [onDevice(10, 20), onDevice(30, 40)];
  const repeated: number[] = [];
  for (const [values, given] of [
    ...Array.from({ length: 3 }, () => [[1, 2], first] as const),
    ...Array.from({ length: 2 }, () => [[1, 2], second] as const),
    [[3], second] as const,
    ...Array.from({ length: 2 }, () => [[5, 6], first] as const),
  ]) {
    const compute = ([x]: tf.Tensor[]) => [tf.add(x!, given)];
    const expected = (await given.data()).map((number, i) => number + (values[i] ?? values[0]));
    expect(await valuesOf({ values: [...values], given: [given], compute })).toEqual([Array.from(expected)]);
    repeated.push(passes.repeated);
  }
  expect(repeated).toEqual([0, 0, 1, 1, 2, 2, 2, 3]);
  tf.dispose([first, second]);
});

test('not where a tensor that it uses is no more, though another has its buffer', async () => {
  let other = onDevice(10, 20);
  const turn = async () => {
    const captured = other;
    return (await valuesOf({ values: [1, 2], given: [], compute: ([x]) => [tf.add(x!, captured)] }))[0];
  };
  for (let i = 0; i < 4; i++) expect(await turn()).toEqual([11, 22]);
  expect(passes.repeated).toBe(2);
  const before = backend.memoryOf(other.dataId)?.buffer;
  other.dispose();
  const between = onDevice(50, 60); // takes the buffer
  const others = Array.from({ length: 20 }, () => onDevice(0, 0)); // in the buffers that the pass takes for itself
  other = onDevice(30, 40);
  tf.dispose(others);
  expect(backend.memoryOf(between.dataId)?.buffer).toBe(before);
  for (let i = 0; i < 3; i++) expect(await turn()).toEqual([31, 42]);
  tf.dispose([other, between]);
});

test('what it disposes of is gone, and results may be in one memory, or in that of what was given', async () => {
  for (let turn = 0; turn < 6; turn++) {
    const given = onDevice(turn, 20);
    const compute = ([x]: tf.Tensor[]) => {
      const sum = tf.add(x!, given);
      const results = [sum, tf.reshape(sum, [2, 1]), tf.reshape(given, [2, 1])];
      given.dispose();
      return results;
    };
    expect(await valuesOf({ values: [1, 2], given: [given], compute })).toEqual([
      [turn + 1, 22],
      [turn + 1, 22],
      [turn, 20],
    ]);
    expect(given.isDisposed).toBe(true);
  }
  expect(passes.repeated).toBeGreaterThan(2);
});

test('never where values are looked at meanwhile', async () => {
  for (let turn = 0; turn < 4; turn++) {
    const compute = ([x]: tf.Tensor[]) => [tf.add(x!, tf.scalar(turn).dataSync()[0]!)];
    expect(await valuesOf({ values: [1], given: [], compute })).toEqual([[1 + turn]]);
  }
  expect(passes.repeated).toBe(0);
});

test('an error within is one for whoever runs it, and the next time it runs', async () => {
  let fails = false;
  const compute = ([x]: tf.Tensor[]) => {
    if (fails) throw new Error('no');
    return [tf.add(x!, 1)];
  };
  await valuesOf({ values: [1], given: [], compute });
  fails = true;
  expect(() =>
    passes.run('a pass', { inputs: [{ values: Float32Array.of(1), shape: [1] }], given: [], compute }),
  ).toThrow('no');
  fails = false;
  for (let turn = 0; turn < 3; turn++)
    expect(await valuesOf({ values: [turn], given: [], compute })).toEqual([[turn + 1]]);
});
