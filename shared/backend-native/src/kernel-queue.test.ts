/** @file Tests of kernels that wait: whoever looks sees what they would have done at once. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { nativeBuild } from './build.ts';
import { NativeBackend, startNativeBackend, startProfile, takeProfile } from './index.ts';

const backend = () => tf.backend() as unknown as NativeBackend;
const during = <T>(f: () => T): T => backend().during(f);
const run = (kernel: string, inputs: Record<string, tf.Tensor>, attrs: object = {}): tf.Tensor =>
  [tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor | tf.Tensor[]].flat()[0]!;

/** Large enough for the pool. */
const N = 4096;
const filled = (value: number) => tf.tidy(() => tf.add(tf.mul(tf.ones([N]), value - 1), tf.ones([N])));

describe.skipIf(!nativeBuild().available)('while kernels wait', () => {
  beforeAll(async () => {
    tf.enableProdMode();
    await startNativeBackend();
    await tf.setBackend('native');
  }, 120_000);

  test('none runs before something is looked at, then all do', () => {
    const runs = vi.spyOn(backend().addon, 'runQueue');
    tf.tidy(() => {
      const [a, b] = [filled(1), filled(2)];
      during(() => {
        const sum = tf.add(a, b);
        const more = tf.add(sum, b);
        expect(runs).not.toHaveBeenCalled();
        expect(sum.dataSync()[0]).toBe(3);
        expect(runs).toHaveBeenCalledTimes(1);
        expect(more.dataSync()[N - 1]).toBe(5); // had to wait for the same
        expect(runs).toHaveBeenCalledTimes(1);
        expect(a.dataSync()[0]).toBe(1); // nobody writes it
      });
    });
    runs.mockRestore();
  });

  test('they are done when the function is, which may be within another such', () => {
    const result = during(() => {
      const inner = during(() => tf.tidy(() => tf.add(filled(1), filled(2))));
      return tf.tidy(() => tf.add(inner, inner));
    });
    expect(backend().queue.isOpen).toBe(false);
    expect(result.dataSync()[0]).toBe(6);
    result.dispose();
  });

  test('memory is handed out again', () => {
    const before = backend().nativeMemory();
    let x = filled(0);
    during(() => {
      for (let i = 0; i < 100; i++) {
        const next = tf.tidy(() => tf.add(x, tf.ones([N])));
        x.dispose();
        x = next;
      }
    });
    expect(x.dataSync()).toEqual(new Float32Array(N).fill(100));
    expect(backend().nativeMemory().inUse + backend().nativeMemory().kept).toBeLessThan(
      before.inUse + before.kept + 4 * 4 * N + 1,
    );
    x.dispose();
  });

  test('kernels of tfjs, and those that copy memory themselves, see what others would have written', () => {
    tf.tidy(() => {
      const x = tf.tensor([-1, 2, 3, -4], [2, 2]);
      const results = during(() => {
        const sum = tf.add(x, x);
        const two = tf.add(tf.scalar(1), tf.scalar(1));
        return [
          tf.relu(sum),
          tf.slice(tf.add(x, sum), [1, 0], [1, 2]),
          tf.pad(tf.add(x, sum), [
            [0, 1],
            [1, 0],
          ]),
          tf.mul(two, tf.add(sum, x)),
          tf.transpose(tf.add(sum, x)),
          tf.reshape(tf.cast(tf.add(sum, x), 'int32'), [4]),
          tf.matMul(tf.zeros([2, 0]), tf.zeros([0, 2])),
          run(
            'RmsNorm',
            { x: tf.ones([1, 2]), weight: tf.add(tf.ones([2]), tf.ones([2])) },
            { epsilon: 0, unitOffset: true },
          ),
        ];
      });
      expect(results.map((tensor) => [...tensor.dataSync()])).toEqual([
        [0, 4, 6, 0],
        [9, -12],
        [0, -3, 6, 0, 9, -12, 0, 0, 0],
        [-6, 12, 18, -24],
        [-3, 9, 6, -12],
        [-3, 6, 9, -12],
        [0, 0, 0, 0],
        [3, 3],
      ]);
    });
  });

  test('the garbage collector leaves them their arguments', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    tf.tidy(() => {
      const x = tf.ones([3, 5]);
      const results = during(() => {
        // Factors of its own, which nobody else refers to, and small tensors that are gone before it runs.
        const all = Array.from({ length: 200 }, (_, i) =>
          tf.tidy(() =>
            run(
              'RmsNorm',
              { x, weight: tf.tensor(Array.from({ length: 5 }, () => i)) },
              { epsilon: 0, unitOffset: true },
            ),
          ),
        );
        collect();
        const others = Array.from({ length: 200 }, () => new Float32Array(5).fill(NaN));
        collect();
        expect(others).toHaveLength(200);
        return all;
      });
      expect(results.map((y) => y.dataSync()[14])).toEqual(results.map((_, i) => i + 1));
    });
  });

  test('an error of the function is passed on, and what came before is done', () => {
    let sum: tf.Tensor | undefined;
    expect(() =>
      during(() => {
        sum = tf.tidy(() => tf.add(filled(1), filled(2)));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(sum!.dataSync()[0]).toBe(3);
    sum!.dispose();
  });

  test('a call that is refused names the kernel, and the next kernels run as ever', () => {
    tf.tidy(() => {
      const q = tf.ones([1, 2, 1, 8]);
      const documentOffsets = tf.tensor([1, 1], [1, 2], 'int32'); // no first key
      expect(() => during(() => void run('Attention', { q, k: q, v: q, documentOffsets }, { scale: 1 }))).toThrow(
        /attention: documentOffsets\[0\] must rise/,
      );
      expect(backend().queue.isOpen).toBe(false);
      expect(tf.add(filled(1), filled(2)).dataSync()[0]).toBe(3);
    });
  });

  test('a profile has the time of each, and counts nothing twice', () => {
    const x = tf.ones([512, 512]);
    startProfile();
    const start = performance.now();
    tf.tidy(() =>
      during(() => {
        const product = tf.matMul(x, x);
        tf.relu(product); // makes the product be computed
        tf.add(tf.matMul(product, x), x);
      }),
    );
    const elapsed = (performance.now() - start) / 1000;
    const profile = new Map(takeProfile().map((each) => [each.kernel, each]));
    expect(profile.get('BatchMatMul')!.calls).toBe(2);
    for (const kernel of ['BatchMatMul', 'Relu', 'Add']) expect(profile.get(kernel)!.seconds).toBeGreaterThan(0);
    const sum = [...profile.values()].reduce((total, { seconds }) => total + seconds, 0);
    expect(sum).toBeLessThanOrEqual(elapsed);
    x.dispose();
  });
});
