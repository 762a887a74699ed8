/** @file e^x of numbers that are not positive, as weights of tokens are; the kernel `sumExponentials` has the same bits. */

/** Below, e^x is less than float64's normal numbers, and here nothing: beside a weight of 1 it is lost. */
const LEAST = -708;

/** 2^0, 2^−1 … */
const POWERS = new Float64Array(1023);
for (let i = 0, power = 1; i < POWERS.length; i++, power /= 2) POWERS[i] = power;

/** ln 2 in two parts, of which the first has 33 bits: times a whole number of up to 20 it is exact. */
const LN2 = 6.9314718036912381649e-1;
const LN2_REST = 1.90821492927058770002e-10;

/** What is added and taken away again leaves a whole number: float64 has no bits for less. */
const ROUNDING = 1.5 * 2 ** 52;

/**
 * e^x, for x ≤ 0, to within two units in the last place; 1 for 0.
 *
 * By 2^n · e^r, with |r| ≤ ln 2 / 2, of which thirteen terms of the series are all that float64 has, added in pairs (Estrin), of which a processor has
 * several in hand. ECMAScript leaves the last bits of `Math.exp` open, where a seed's tokens are to be the same everywhere, and vectors have no such
 * function.
 */
export function exponential(x: number): number {
  if (x < LEAST) return 0;
  const n = x * Math.LOG2E + ROUNDING - ROUNDING;
  const r = x - n * LN2 - n * LN2_REST;
  const r2 = r * r;
  const r4 = r2 * r2;
  const from0 = 1 + r + r2 * (1 / 2 + r * (1 / 6)) + r4 * (1 / 24 + r * (1 / 120) + r2 * (1 / 720 + r * (1 / 5040)));
  const from8 =
    1 / 40320 +
    r * (1 / 362880) +
    r2 * (1 / 3628800 + r * (1 / 39916800)) +
    r4 * (1 / 479001600 + r * (1 / 6227020800));
  return (from0 + r4 * r4 * from8) * POWERS[-n | 0]!;
}
