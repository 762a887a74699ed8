import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '@arrowsmith/engine';
import { rmsNorm } from './rms-norm.ts';
import { GRADIENT_TOLERANCE, gradientError, randomTensor, relativeError } from './testing/errors.ts';

describe.each(['cpu', 'wasm'] as const)('rmsNorm on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test('divides each vector by its root mean square and scales it', () => {
    const x = randomTensor([3, 5, 7], 1);
    const weight = randomTensor([7], 2);
    const [xs, ws] = [x.dataSync<'float32'>(), weight.dataSync<'float32'>()];
    const expected = Array.from(xs, (value, i) => {
      const row = xs.slice(i - (i % 7), i - (i % 7) + 7);
      const meanSquare = row.reduce((sum, y) => sum + y * y, 0) / 7;
      return (value / Math.sqrt(meanSquare + 1e-5)) * ws[i % 7]!;
    });
    const actual = rmsNorm(x, weight, { epsilon: 1e-5 });
    expect(actual.shape).toEqual([3, 5, 7]);
    expect(relativeError(actual, expected)).toBeLessThan(1e-6); // a few float32 roundings
  });

  test('its gradients match finite differences', () => {
    expect(
      gradientError(
        (x, weight) => rmsNorm(x!, weight!, { epsilon: 1e-2 }),
        [randomTensor([2, 3, 5], 3), randomTensor([5], 4)],
      ),
    ).toBeLessThan(GRADIENT_TOLERANCE);
  });
});
