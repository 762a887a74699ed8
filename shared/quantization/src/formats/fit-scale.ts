/**
 * @file Scales by weighted least squares, as the K-quants have them (https://github.com/ggml-org/llama.cpp/pull/1684): several ways to round the
 * values to integers are tried, the scale that is best for those integers follows in closed form, and the best of all stays.
 */

/** The levels that a scale is fitted to. */
export interface Levels {
  /** The lowest, which lies furthest from 0. */
  lowest: number;
  nearest: (value: number) => number;
  /** By how much the candidates for the level of the largest value differ. */
  step: number;
}

/** Candidates on either side of the plain one. */
const CANDIDATES = 9;

/**
 * The scale s, of either sign, for which value ≈ s · level, with the error Σ x² (x − s · level)². That large values count more is the formats' purpose:
 * an error in them costs a product more.
 *
 * @param weights of the squared errors in place of x²
 * @returns 0 where all values are 0
 */
export function fitScale(values: Float32Array, { lowest, nearest, step }: Levels, weights?: Float32Array): number {
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  if (extreme === 0) return 0;
  let scale = 0;
  let explained = 0;
  for (let k = -CANDIDATES; k <= CANDIDATES; k++) {
    const inverse = (lowest + k * step) / extreme;
    let [products, squares] = [0, 0];
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      const level = nearest(value * inverse);
      const weighted = (weights === undefined ? value * value : weights[i]!) * level;
      products += weighted * value;
      squares += weighted * level;
    }
    // With the best scale, products / squares, the error is what is left of Σ x⁴, or Σ weight · x², without this.
    const explains = squares === 0 ? 0 : (products * products) / squares;
    if (explains > explained) [scale, explained] = [products / squares, explains];
  }
  return scale;
}

interface ScaleAndMinimum {
  scale: number;
  minimum: number;
}

/** Tenths by which candidates lie beside the plain scale, which maps the largest value to the largest integer. */
const TENTHS = 10;

/**
 * A scale s and a distance m, both at least 0, for which value ≈ s · integer − m, with the error Σ (|x| + f · r) (x − s · integer + m)², where r is the
 * values' root mean square.
 *
 * @param most the largest integer; the least is 0
 * @param f how much values near 0 count. With 1 the sum of squares is hardly larger than the least possible; with less, large values are drawn in less,
 *   which matters where levels are few: with 4 levels a product of 1 comes out as 0.96 with 1, and as 0.975 with 1/16
 * @param weights of the squared errors in place of |x| + f · r
 */
export function fitScaleAndMinimum(
  values: Float32Array,
  most: number,
  f: number,
  weights?: Float32Array,
): ScaleAndMinimum {
  let [low, high, square] = [0, -Infinity, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    square += value * value;
  }
  let best = { scale: 0, minimum: -low };
  if (high <= low) return best;
  const floor = f * Math.sqrt(square / values.length);
  const weightAt = (i: number): number => (weights === undefined ? Math.abs(values[i]!) + floor : weights[i]!);
  let least = Infinity;
  for (let k = -TENTHS; k <= TENTHS; k++) {
    const inverse = (most + k / 10) / (high - low);
    const sums = weightedSums(values, weightAt, (value) => Math.min(most, Math.round((value - low) * inverse)));
    const candidate = leastSquares(sums) ?? { scale: 1 / inverse, minimum: -low };
    const error = errorOf(candidate, sums);
    if (error < least) [best, least] = [candidate, error];
  }
  return best;
}

/** Σ w, Σ w x, Σ w q … over values x, their integers q and weights w: all that the error depends on. */
interface WeightedSums {
  w: number;
  x: number;
  q: number;
  xx: number;
  xq: number;
  qq: number;
}

function weightedSums(
  values: Float32Array,
  weightAt: (i: number) => number,
  integerOf: (value: number) => number,
): WeightedSums {
  let [w, x, q, xx, xq, qq] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const integer = integerOf(value);
    const weight = weightAt(i);
    w += weight;
    x += weight * value;
    q += weight * integer;
    xx += weight * value * value;
    xq += weight * value * integer;
    qq += weight * integer * integer;
  }
  return { w, x, q, xx, xq, qq };
}

/** Scale and minimum that are best for given integers; undefined where these are all the same, up to rounding. */
function leastSquares({ w, x, q, xq, qq }: WeightedSums): ScaleAndMinimum | undefined {
  const determinant = w * qq - q * q;
  if (determinant <= 1e-9 * w * qq) return undefined;
  const scale = (w * xq - x * q) / determinant;
  const minimum = (q * scale - x) / w;
  // Minima are stored without a sign: where the best is above 0, the line goes through 0.
  return minimum >= 0 ? { scale, minimum } : { scale: xq / qq, minimum: 0 };
}

/** Σ w (x − s · q + m)², multiplied out. */
const errorOf = ({ scale: s, minimum: m }: ScaleAndMinimum, { w, x, q, xx, xq, qq }: WeightedSums): number =>
  xx + s * s * qq + m * m * w - 2 * s * xq + 2 * m * x - 2 * s * m * q;

/**
 * The weights of squared errors where values are not of the same importance, as ggml has them: importance · √(σ² + x²), with the mean square σ² of the
 * block, times a factor.
 */
export function importanceWeights(values: Float32Array, importance: Float32Array, factor: number): Float32Array {
  const square = values.reduce((sum, value) => sum + value * value, 0);
  const variance = (factor * square) / values.length;
  return values.map((value, i) => importance[i]! * Math.sqrt(variance + value * value));
}
