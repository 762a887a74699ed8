/** @file Tests of the backend: ownership of memory, figures, settings, and what tfjs's own kernels make of it. */
import * as tf from '@tensorflow/tfjs-core';
import { UserError } from '@arrowsmith/errors';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { nativeBuild } from './build.ts';
import {
  nativeMemory,
  NativeBackend,
  resetNativePeak,
  startNativeBackend,
  startProfile,
  takeProfile,
} from './index.ts';

const build = nativeBuild();
const hasBf16 = build.available && build.bf16;

const run = (kernel: string, inputs: Record<string, tf.Tensor>, attrs: object = {}): tf.Tensor[] =>
  [tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[]].flat();

/** Large enough for the pool. */
const N = 4096;
const ones = () => tf.ones([N]);
/** A tensor whose memory is from the pool. */
const pooled = (value: number) => tf.tidy(() => tf.mul(ones(), value));

const backend = () => tf.backend() as unknown as NativeBackend;

describe.skipIf(!build.available)('the native backend', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await startNativeBackend();
    await tf.setBackend('native');
  }, 120_000);
  afterEach(async () => {
    tf.disposeVariables();
    await startNativeBackend(); // settings as they were
  });

  describe('memory', () => {
    test('a disposed tensor leaves its memory to the next, and the figures say so', () => {
      const before = nativeMemory().inUse;
      const a = pooled(1);
      expect(nativeMemory().inUse - before).toBe(4 * N);
      a.dispose();
      expect(nativeMemory().inUse).toBe(before);
      const { kept } = nativeMemory();
      const b = pooled(2);
      expect(nativeMemory().kept).toBe(kept - 4 * N);
      expect(b.dataSync()).toEqual(new Float32Array(N).fill(2));
      b.dispose();
    });

    test('a tensor that shares memory keeps it until the last of them is disposed', () => {
      const before = nativeMemory().inUse;
      const a = pooled(3);
      const shared = [tf.clone(a), tf.reshape(a, [2, N / 2])];
      a.dispose();
      const other = pooled(4);
      for (const tensor of shared) expect(tensor.dataSync().every((value) => value === 3)).toBe(true);
      tf.dispose([...shared, other]);
      expect(nativeMemory().inUse).toBe(before);
    });

    test('what is read is a copy, which no later tensor overwrites', async () => {
      const a = pooled(5);
      const [sync, async, buffer] = [a.dataSync(), await a.data(), a.bufferSync().values];
      a.dispose();
      pooled(6).dispose();
      for (const values of [sync, async, buffer]) expect(values.every((value) => value === 5)).toBe(true);
    });

    // tfjs's Slice, Split, Unstack and Complex make tensors of parts of another one's memory.
    test.each<[string, (x: tf.Tensor1D) => tf.Tensor | tf.Tensor[]]>([
      ['slice', (x) => tf.slice(x, 10, N - 20)],
      ['split', (x) => tf.split(x, 2)],
      ['unstack', (x) => tf.unstack(tf.reshape(x, [2, N / 2]))],
      ['strided slice', (x) => tf.stridedSlice(x, [1], [N], [1])],
      ['real part of a complex tensor', (x) => tf.real(tf.complex(x, x))],
      ['imaginary part of a complex tensor', (x) => tf.imag(tf.complex(x, x))],
      ['expansion', (x) => tf.expandDims(x)],
      ['cast', (x) => tf.cast(x, 'float32')],
      ['concatenation', (x) => tf.concat([x])],
      ['padding', (x) => tf.pad(x, [[0, 0]])],
      ['transpose', (x) => tf.transpose(x)],
      ['gather', (x) => tf.gather(x, [0, 1])],
      ['maximum', (x) => tf.maximum(x, 0)],
    ])('a %s keeps its values when the tensor it came from is gone', (_, part) => {
      const x = pooled(7) as tf.Tensor1D;
      const parts = tf.tidy(() => [part(x)].flat());
      x.dispose();
      const others = [pooled(8), pooled(9)];
      for (const tensor of parts) expect(tensor.dataSync().every((value) => value === 7)).toBe(true);
      tf.dispose([parts, others]);
    });

    test("an array that was given from outside is the giver's, and never handed out", () => {
      const given = new Float32Array(N).fill(1);
      const before = nativeMemory();
      const x = tf.tensor(given);
      expect(nativeMemory().inUse - before.inUse).toBe(4 * N);
      x.dispose();
      expect(nativeMemory()).toEqual({ ...before, peak: expect.any(Number), peakResident: expect.any(Number) });
      const other = pooled(2);
      expect(given[0]).toBe(1);
      other.dispose();
    });

    test('a tensor moves to another backend and back with its values', async () => {
      const a = pooled(3);
      await tf.setBackend('cpu');
      const sum = tf.add(a, 1);
      await tf.setBackend('native');
      expect(tf.add(sum, ones()).dataSync()[N - 1]).toBe(5);
      tf.dispose([a, sum]);
    });

    test('the peak starts again when asked', () => {
      resetNativePeak();
      const { inUse, scratch, peak } = nativeMemory();
      expect(peak).toBe(inUse + scratch);
      tf.dispose([pooled(1), pooled(2)]);
      expect(nativeMemory().peak).toBeGreaterThanOrEqual(peak + 8 * N);
      resetNativePeak();
      expect(nativeMemory().peak).toBe(peak);
    });

    test('200 steps take no more memory than three', () => {
      const weight = tf.variable(tf.ones([64, 64]), true, 'leak-test');
      const gain = tf.ones([64]);
      const step = () =>
        tf.tidy(() => {
          const x = tf.mul(tf.ones([32, 64]), 0.1);
          const [normed] = run('RmsNorm', { x, weight: gain }, { epsilon: 1e-5 }) as [tf.Tensor];
          const [y] = run('Linear', { x: normed, weight0: weight }, { count: 1 }) as [tf.Tensor];
          const [z] = run('Swiglu', { gate: y, up: y }) as [tf.Tensor];
          return tf.sum(tf.slice(tf.matMul(z, weight, false, true), [1, 0], [31, 64])).dataSync()[0]!;
        });
      const [first] = [step(), step(), step()];
      const figures = () => ({ ...tf.memory(), buffers: nativeMemory().inUse + nativeMemory().kept });
      const before = figures();
      for (let i = 0; i < 200; i++) expect(step()).toBe(first);
      expect(figures()).toEqual(before);
      tf.dispose(gain);
    });

    test('fails with an error, and goes on, when there is not so much memory', () => {
      const { inUse } = nativeMemory();
      expect(() => backend().output([2 ** 46])).toThrow(/memory|ArrayBuffer|length/i);
      expect(nativeMemory().inUse).toBe(inUse);
      pooled(1).dispose();
    });
  });

  describe('AdamW', () => {
    const options = {
      count: 1,
      learningRate: 0.1,
      beta1: 0.9,
      beta2: 0.99,
      epsilon: 1e-8,
      step: 1,
      gradientScale: 1,
      weightDecays: [0],
    };
    const step = (parameter0: tf.Tensor, gradient0: tf.Tensor, m: tf.Tensor, v: tf.Tensor) =>
      run('AdamW', { parameter0, gradient0, firstMoment0: m, secondMoment0: v }, options);

    test('changes a state in place that nothing else refers to', () => {
      const [parameter, m, v, gradient] = [pooled(1), pooled(0), pooled(0), ones()];
      const updated = step(parameter, gradient, m, v);
      expect(updated.map(({ dataId }) => dataId)).toEqual([parameter.dataId, m.dataId, v.dataId]);
      tf.dispose([parameter, m, v]);
      // The first step is as long as the learning rate, whatever the gradient.
      expect(updated[0]!.dataSync()[0]).toBeCloseTo(0.9, 6);
      tf.dispose([updated, gradient]);
    });

    test('leaves what others refer to, and arrays from outside, as they are', () => {
      const given = new Float32Array(N).fill(1);
      const [parameter, m, v, gradient] = [tf.tensor(given), pooled(0), pooled(0), ones()];
      const other = tf.clone(m);
      const updated = step(parameter, gradient, m, v);
      tf.dispose([parameter, m, v]);
      expect(given[0]).toBe(1);
      expect(other.dataSync()[0]).toBe(0);
      expect(updated[0]!.dataSync()[0]).toBeCloseTo(0.9, 6);
      expect(updated[1]!.dataSync()[0]).toBeCloseTo(0.1, 6);
      tf.dispose([updated, gradient, other]);
    });
  });

  test("the loss's gradients are passed on without a copy when their factor is 1", () => {
    const [dX, dWeight] = [pooled(2), pooled(3)];
    const grad = (dValue: number) =>
      tf.tidy(() => run('LinearCrossEntropyGrad', { dValue: tf.scalar(dValue), residual0: dX, residual1: dWeight }));
    const [same, scaled] = [grad(1), grad(0.5)];
    expect(same.map(({ dataId }) => dataId)).toEqual([dX.dataId, dWeight.dataId]);
    tf.dispose([dX, dWeight]);
    expect([...same, ...scaled].map((tensor) => tensor.dataSync()[1])).toEqual([2, 3, 1, 1.5]);
    tf.dispose([same, scaled]);
  });

  test('a wrong input is an error that names the kernel and says what is wrong', () => {
    const [x, weight] = [tf.ones([2, 3]), tf.ones([4])];
    const ids = tf.tensor([0, 4], [2], 'int32');
    expect(() => run('RmsNorm', { x, weight }, { epsilon: 1e-5 })).toThrow(
      'kernel RmsNorm: weight has the shape [4] instead of [3]',
    );
    expect(() => run('Swiglu', { gate: x })).toThrow('kernel Swiglu: input up is missing');
    expect(() => run('Swiglu', { gate: ids, up: ids })).toThrow(/a float32 tensor is needed, not int32/);
    expect(() => run('Embedding', { weight: tf.ones([4, 2]), ids })).toThrow(
      'kernel Embedding: embedding: ids[1] must be from 0 to below v = 4, not 4',
    );
    tf.dispose([x, weight, ids]);
  });

  test('a profile counts the calls of each kernel, and only while it is taken', () => {
    tf.tidy(() => tf.add(ones(), ones()));
    startProfile();
    tf.tidy(() => tf.relu(tf.add(tf.add(ones(), ones()), ones())));
    const profile = takeProfile();
    expect(profile).toContainEqual({ kernel: 'Add', calls: 2, seconds: expect.any(Number) });
    expect(profile).toContainEqual({ kernel: 'Relu', calls: 1, seconds: expect.any(Number) });
    expect(takeProfile()).toEqual([]);
  });

  test('results do not depend on the number of threads', async () => {
    const x = tf.randomNormal([100, 300], 0, 1, 'float32', 1);
    const products = [];
    for (const threads of [1, 2, 3]) {
      await startNativeBackend({ threads });
      products.push(tf.tidy(() => tf.matMul(x, x, false, true).dataSync()));
    }
    expect(products[1]).toEqual(products[0]);
    expect(products[2]).toEqual(products[0]);
    x.dispose();
  });

  test.skipIf(!hasBf16)('bf16 rounds the inputs of products', async () => {
    await startNativeBackend({ precision: 'bf16' });
    const value = 1 + 2 ** -9; // rounds to 1 with bfloat16's 8 bits
    const product = tf.tidy(() => tf.matMul(tf.mul(tf.ones([4, 8]), value), tf.ones([8, 4])).dataSync());
    expect(product[0]).toBe(8);
  });

  test('bf16 is refused where there are no such products', () => {
    const without = new NativeBackend({ ...backend().addon, hasBf16: () => false });
    expect(() => without.configure({ precision: 'bf16', threads: 1 })).toThrow(UserError);
  });
});

describe.skipIf(!build.available)('the addon', () => {
  test('says what was expected, and what was found', async () => {
    await startNativeBackend();
    const { addon } = (await tf.setBackend('native'), backend());
    const floats = new Float32Array(4);
    const call =
      (...args: unknown[]) =>
      () =>
        (addon.add as (...args: unknown[]) => void)(...args);
    expect(call(4, floats, floats, floats)).not.toThrow();
    for (const [wrong, found] of [
      [null, 'null'],
      [undefined, 'undefined'],
      [[floats, [], 2], '[Float32Array, an array, 2]'],
      [{}, 'an object'],
      ['text', 'a string'],
      [new Float64Array(4), 'Float64Array'],
      [new ArrayBuffer(16), 'an object'],
    ]) {
      expect(call(4, floats, wrong, floats)).toThrow(
        new TypeError(`add: b must be of the type Float32Array, not ${found as string}`),
      );
    }
    expect(call(4, floats, new Float32Array(3), floats)).toThrow(
      new RangeError('add: b must have count = 4 elements, not 3'),
    );
    for (const wrong of [-1, 1.5, 2 ** 53, 1e300]) {
      expect(call(wrong, floats, floats, floats)).toThrow(RangeError);
      expect(call(wrong, floats, floats, floats)).toThrow(
        /^add: count must be a whole number from 0, not (-1|1.5|9\d+|1e\+300)$/,
      );
    }
    expect(call('4', floats, floats, floats)).toThrow(
      new TypeError('add: count must be of the type number, not a string'),
    );
    expect(call(4, floats, floats)).toThrow(new TypeError('add: 4 arguments are needed, not 3'));
    expect(() => addon.setThreads(-1)).toThrow(
      new TypeError('argument 1 must be a whole number from 0 to 65535, not -1'),
    );
    expect(() => addon.globalNorm([1, 4], [floats, floats], new Float32Array(1))).toThrow(
      new RangeError('globalNorm: tensors[0] must have counts = 1 elements, not 4'),
    );
  });

  test('allocates memory that kernels like, and gives it back at once', () => {
    const { addon } = backend();
    for (const bytes of [64, 5000, 2 ** 21, 2 ** 22 + 12]) {
      const buffer = addon.allocate(bytes);
      expect(buffer.byteLength).toBe(bytes);
      new Uint8Array(buffer).fill(255);
      addon.release(buffer);
      expect(buffer.byteLength).toBe(0);
    }
    expect(() => addon.release(new Float32Array(2) as never)).toThrow(TypeError);
  });

  test.skipIf(process.platform !== 'linux')('and the system has it back before the event loop turns', () => {
    const { addon } = backend();
    const bytes = 2 ** 27;
    const buffer = addon.allocate(bytes);
    new Uint8Array(buffer).fill(1);
    const before = process.memoryUsage.rss();
    addon.release(buffer);
    expect(before - process.memoryUsage.rss()).toBeGreaterThan(0.9 * bytes);
  });
});
