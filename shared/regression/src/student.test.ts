import { expect, test } from 'vitest';
import { studentCentral, studentQuantile } from './student.ts';

// Published tables of critical values, two-sided, e.g. NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2: three decimals.
test.each([
  [0.05, 1, 12.706],
  [0.05, 2, 4.303],
  [0.05, 5, 2.571],
  [0.01, 9, 3.25],
  [0.002, 11, 4.025],
  [0.05, 30, 2.042],
  [0.05, 100, 1.984],
])(
  't that is exceeded with probability %d, with %d degrees of freedom, is that of the tables',
  (outside, degrees, t) => {
    expect(studentQuantile(outside, degrees)).toBeCloseTo(t, 3);
  },
);

test('with one degree of freedom it is the Cauchy distribution, with two the closed form t / √(2 + t²)', () => {
  for (const t of [0, 0.3, 1, 7, 500]) {
    expect(studentCentral(t, 1)).toBeCloseTo((2 / Math.PI) * Math.atan(t), 14);
    expect(studentCentral(t, 2)).toBeCloseTo(t / Math.sqrt(2 + t * t), 14);
  }
});

test('the density integrates to it, for odd and even degrees of freedom', () => {
  for (const degrees of [3, 4, 11, 16]) {
    const density = (x: number) => (1 + (x * x) / degrees) ** (-(degrees + 1) / 2);
    const integral = (to: number, steps = 20_000) =>
      Array.from({ length: steps }, (_, i) => density(((i + 0.5) * to) / steps)).reduce((a, b) => a + b) * (to / steps);
    const whole = integral(400); // what lies beyond is below 1e-7 with three degrees of freedom
    for (const t of [0.5, 2, 6]) expect(studentCentral(t, degrees)).toBeCloseTo(integral(t) / whole, 4); // midpoint rule
  }
});

test('a tail as small as the gate uses is met to nine digits', () => {
  for (const degrees of [1, 5, 11, 24]) {
    const outside = 0.001 / 9;
    expect((1 - studentCentral(studentQuantile(outside, degrees), degrees)) / outside).toBeCloseTo(1, 9);
  }
});

test.each([0, 1e-300, 1e-17, 1, Number.NaN])('a tail of %d is refused, and not looked for without end', (outside) => {
  expect(() => studentQuantile(outside, 11)).toThrow(RangeError);
});

test.each([0, -1, 0.5, Number.NaN])(
  '%d degrees of freedom are refused, and not computed with without end',
  (degrees) => {
    expect(() => studentQuantile(0.01, degrees)).toThrow(RangeError);
  },
);
