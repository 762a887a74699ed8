import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from './backends.ts';
import { rope, ropeTables } from './rope.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

const [b, s, n, hd] = [2, 5, 3, 6] as const;

describe.each(['cpu', 'wasm'] as const)('rope on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('multiplies each pair (x[i], x[i + h_d/2]), as a complex number, by e^(i position θ^(-2i/h_d))', () => {
    const x = randomTensor([b, s, n, hd], 1);
    const { cos, sin } = ropeTables({ length: s, headDim: hd, theta: 100, offset: 7 });
    const xs = x.dataSync();
    const expected = Array.from(xs, (_, index) => {
      const i = index % hd;
      const position = 7 + (Math.floor(index / (hd * n)) % s);
      const plane = i % (hd / 2);
      const angle = position / 100 ** ((2 * plane) / hd);
      const [real, imaginary] = [xs[index - i + plane]!, xs[index - i + plane + hd / 2]!];
      return i < hd / 2
        ? real * Math.cos(angle) - imaginary * Math.sin(angle)
        : real * Math.sin(angle) + imaginary * Math.cos(angle);
    });
    expect(relativeError(rope(x, cos, sin), expected)).toBeLessThan(1e-6); // a few float32 roundings
  });

  test('tables that start at an offset are the tail of tables that start at 0', () => {
    const whole = ropeTables({ length: 9, headDim: 4, theta: 10000 });
    const tail = ropeTables({ length: 3, headDim: 4, theta: 10000, offset: 6 });
    expect(tail.cos.arraySync()).toEqual(tf.slice(whole.cos, [6, 0], [3, 2]).arraySync());
    expect(tail.sin.arraySync()).toEqual(tf.slice(whole.sin, [6, 0], [3, 2]).arraySync());
  });

  test('its gradient matches finite differences', () => {
    const { cos, sin } = ropeTables({ length: s, headDim: hd, theta: 100 });
    expect(gradientError((x) => rope(x!, cos, sin), [randomTensor([b, s, n, hd], 2)])).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
