/** @file Tests of passes that are recorded and run again. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { nativeBuild } from './build.ts';
import { NotRecordable, startNativeBackend, type NativeBackend } from './index.ts';

const backend = () => tf.backend() as unknown as NativeBackend;
const run = (kernel: string, inputs: Record<string, tf.Tensor>, attrs: object = {}): tf.Tensor =>
  [tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[]].flat()[0]!;

/** Large enough for the pool. */
const N = 4096;

describe.skipIf(!nativeBuild().available)('a recording', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await startNativeBackend();
    await tf.setBackend('native');
  }, 120_000);

  test('computes from what its inputs hold when it runs, whatever memory others use meanwhile', () => {
    const [a, b] = [new Float32Array(N).fill(1), new Float32Array(N).fill(2)];
    const inputs = [tf.tensor1d(a), tf.tensor1d(b)] as const;
    const before = { tensors: tf.memory().numTensors, bytes: backend().nativeMemory().inUse };
    const recording = backend().record(() => {
      const sum = tf.add(inputs[0], inputs[1]);
      return tf.add(tf.add(sum, inputs[1]), sum); // 2 a + 3 b
    });
    for (const [x, y] of [
      [1, 2],
      [10, 100],
      [-4, 0.5],
    ] as const) {
      a.fill(x);
      b.fill(y);
      const others = tf.tidy(() => Array.from({ length: 5 }, (_, i) => tf.keep(tf.mul(tf.ones([N]), i))));
      recording.run();
      expect([...new Set(recording.result.dataSync())]).toEqual([2 * x + 3 * y]);
      others.forEach((other, i) => expect([...new Set(other.dataSync())]).toEqual([i]));
      tf.dispose(others);
    }
    recording.dispose();
    expect({ tensors: tf.memory().numTensors, bytes: backend().nativeMemory().inUse }).toEqual(before);
    tf.dispose([...inputs]);
  });

  test('is made while the pool parts with memory for what it needs', () => {
    const x = tf.ones([64 * N]);
    tf.tidy(() => {
      // Wait for what is as large.
      for (let size = N; size < 10 * N; size += 512) tf.add(tf.ones([size]), tf.ones([size]));
    });
    const recording = backend().record(() => Array.from({ length: 8 }, () => tf.add(x, x)));
    recording.run();
    for (const each of recording.result) expect([...new Set(each.dataSync())]).toEqual([2]);
    recording.dispose();
    x.dispose();
  });

  test('refuses integers that would lead out of memory when it runs, not when it was recorded', () => {
    const ids = Int32Array.of(0, 1, 2);
    const table = tf.ones([3, 2]);
    const of = tf.tensor1d(ids, 'int32');
    const recording = backend().record(() => run('Embedding', { weight: table, ids: of }));
    recording.run();
    expect(recording.result.dataSync()).toEqual(new Float32Array(6).fill(1));
    ids[1] = 3;
    expect(() => recording.run()).toThrow(/ids/);
    recording.dispose();
    tf.dispose([table, of]);
  });

  test('cannot be made of what looks at results, or of what tfjs computes itself; nothing is left of the attempt', () => {
    const x = tf.ones([N]);
    const before = { tensors: tf.memory().numTensors, bytes: backend().nativeMemory().inUse };
    expect(() => backend().record(() => tf.scalar(tf.add(x, x).dataSync()[0]!))).toThrow(NotRecordable);
    expect(() => backend().record(() => tf.cos(x))).toThrow(NotRecordable);
    expect(backend().queue.isOpen).toBe(false);
    expect({ tensors: tf.memory().numTensors, bytes: backend().nativeMemory().inUse }).toEqual(before);
    expect(tf.add(x, x).dataSync()[0]).toBe(2);
    x.dispose();
  });
});
