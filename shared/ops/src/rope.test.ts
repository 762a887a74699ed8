import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { rope, positionsFrom, ropeFrequencies, ropeTables } from './rope.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

const [b, s, n, hd] = [2, 5, 3, 6] as const;

describe.each(['cpu', 'wasm'] as const)('rope on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('multiplies each pair (x[i], x[i + h_d/2]), as a complex number, by e^(i position θ^(-2i/h_d))', () => {
    const x = randomTensor([b, s, n, hd], 1);
    const { cos, sin } = ropeTables({ positions: positionsFrom(7, s), frequencies: ropeFrequencies(hd, 100) });
    const xs = x.dataSync();
    const expected = Array.from(xs, (_, index) => {
      const i = index % hd;
      const position = 7 + (Math.floor(index / (hd * n)) % s);
      const pair = i % (hd / 2);
      const angle = position / 100 ** ((2 * pair) / hd);
      const [real, imaginary] = [xs[index - i + pair]!, xs[index - i + pair + hd / 2]!];
      return i < hd / 2
        ? real * Math.cos(angle) - imaginary * Math.sin(angle)
        : real * Math.sin(angle) + imaginary * Math.cos(angle);
    });
    expect(relativeError(rope(x, cos, sin), expected)).toBeLessThan(1e-6); // a few float32 roundings
  });

  test('tables that start at an offset are the tail of tables that start at 0', () => {
    const whole = ropeTables({ positions: positionsFrom(0, 9), frequencies: ropeFrequencies(4, 10000) });
    const tail = ropeTables({ positions: positionsFrom(6, 3), frequencies: ropeFrequencies(4, 10000) });
    expect(tail.cos.arraySync()).toEqual(tf.slice(whole.cos, [6, 0], [3, 2]).arraySync());
    expect(tail.sin.arraySync()).toEqual(tf.slice(whole.sin, [6, 0], [3, 2]).arraySync());
  });

  test('interleaved rotaryPairs are the halves of a vector whose coordinates are dealt out in turn', () => {
    const x = randomTensor([b, s, n, hd], 1);
    const { cos, sin } = ropeTables({ positions: positionsFrom(0, s), frequencies: ropeFrequencies(hd, 100) });
    const dealt = (y: tf.Tensor) => tf.gather(y, tf.tensor1d([0, 2, 4, 1, 3, 5], 'int32'), 3);
    expect(dealt(rope(x, cos, sin, { interleaved: true })).arraySync()).toEqual(rope(dealt(x), cos, sin).arraySync());
  });

  test.each([false, true])(
    'tables of fewer rotaryPairs turn the first coordinates only, interleaved: %s',
    (interleaved) => {
      const x = randomTensor([b, s, n, hd], 1);
      const { cos, sin } = ropeTables({ positions: positionsFrom(0, s), frequencies: ropeFrequencies(4, 100) });
      const y = rope(x, cos, sin, { interleaved });
      const part = (z: tf.Tensor, start: number, size: number) => tf.slice(z, [0, 0, 0, start], [b, s, n, size]);
      const rotated = rope(part(x, 0, 4), cos, sin, { interleaved });
      expect(part(y, 0, 4).arraySync()).toEqual(rotated.arraySync());
      expect(part(y, 4, 2).arraySync()).toEqual(part(x, 4, 2).arraySync());
    },
  );

  test.each([
    { rotaryPairs: 3, interleaved: false },
    { rotaryPairs: 3, interleaved: true },
    { rotaryPairs: 1, interleaved: false },
    { rotaryPairs: 2, interleaved: true },
  ])('its gradient matches finite differences: %o', ({ rotaryPairs, interleaved }) => {
    const { cos, sin } = ropeTables({
      positions: positionsFrom(0, s),
      frequencies: ropeFrequencies(2 * rotaryPairs, 100),
    });
    const f = (x: tf.Tensor) => rope(x, cos, sin, { interleaved });
    expect(gradientError((x) => f(x!), [randomTensor([b, s, n, hd], 2)])).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
