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
 * @returns 0 where all values are 0
 */
export function fitScale(values: Float32Array, { lowest, nearest, step }: Levels): number {
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  if (extreme === 0) return 0;
  let scale = 0;
  let explained = 0;
  for (let k = -CANDIDATES; k <= CANDIDATES; k++) {
    const inverse = (lowest + k * step) / extreme;
    let [products, squares] = [0, 0];
    for (const value of values) {
      const level = nearest(value * inverse);
      const weighted = value * value * level;
      products += weighted * value;
      squares += weighted * level;
    }
    // With the best scale, products / squares, the error is what is left of Σ x⁴ without this.
    const explains = squares === 0 ? 0 : products ** 2 / squares;
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
 */
export function fitScaleAndMinimum(values: Float32Array, most: number, f: number): ScaleAndMinimum {
  let [low, high, square] = [0, -Infinity, 0];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    square += value * value;
  }
  let best = { scale: 0, minimum: -low };
  if (high <= low) return best;
  const floor = f * Math.sqrt(square / values.length);
  let least = Infinity;
  for (let k = -TENTHS; k <= TENTHS; k++) {
    const inverse = (most + k / 10) / (high - low);
    const sums = weightedSums(values, floor, (value) => Math.min(most, Math.round((value - low) * inverse)));
    const candidate = leastSquares(sums) ?? { scale: 1 / inverse, minimum: -low };
    const error = errorOf(candidate, sums);
    if (error < least) [best, least] = [candidate, error];
  }
  return best;
}

/** Σ w, Σ w x, Σ w q … over values x, their integers q and weights w = |x| + floor: all that the error depends on. */
interface WeightedSums {
  w: number;
  x: number;
  q: number;
  xx: number;
  xq: number;
  qq: number;
}

function weightedSums(values: Float32Array, floor: number, integerOf: (value: number) => number): WeightedSums {
  let [w, x, q, xx, xq, qq] = [0, 0, 0, 0, 0, 0];
  for (const value of values) {
    const integer = integerOf(value);
    const weight = Math.abs(value) + floor;
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
