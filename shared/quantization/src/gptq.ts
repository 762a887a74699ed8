/**
 * @file GPTQ (Frantar et al. 2022, https://arxiv.org/abs/2210.17323): columns are rounded one after the other, and those that follow make up for the
 * error as far as the matrix's inputs let them: Σ ‖Δ x‖² is what is kept small, not ‖Δ‖.
 */
import { UserError } from '@arrowsmith/errors';
import type { InputStatistics } from './calibration.ts';
import { formatNamed } from './formats/index.ts';
import { int8FromRows, int8Quantizer, int8RowBytes } from './formats/int8-quantizer.ts';
import type { BlockQuantizer } from './formats/number-format.ts';
import { blockQuantizer } from './formats/quantize.ts';
import { checkWeights, LARGEST_FLOAT16 } from './formats/weights-to-quantize.ts';

/** Of the mean of the Hessian's diagonal, what is added to it, as in the paper. */
export const DAMPING = 0.01;

/** Whether GPTQ can do anything for a format: it has scales, and levels that are not those of a floating-point number. */
export const hasLevels = (format: string): boolean => format === 'int8' || blockQuantizer(format) !== undefined;

/**
 * The bytes of a matrix in a format. A block's scales are those of its values as its first column is reached. Rows know nothing of each other; one for
 * which rounding to the nearest leaves the smaller error has that, so that no row is worse off.
 *
 * @param values row by row
 * @param columns values of a row, a whole number of the format's blocks
 * @param inputs of the matrix, with the products of channels
 * @param where the tensor's name, for errors
 * @throws UserError for a weight that is not finite, or too large for the format, and for inputs that are not finite
 */
export function gptq(
  format: string,
  values: Float32Array,
  columns: number,
  inputs: InputStatistics,
  where?: string,
): Uint8Array {
  checkWeights(values, columns, format === 'int8' ? Number.MAX_VALUE : LARGEST_FLOAT16, where);
  const factors = factorize(inputs, columns, where);
  if (format === 'int8') {
    const rows = quantizeRows(int8Quantizer(columns), columns, int8RowBytes(columns), values, factors);
    return int8FromRows(rows, columns);
  }
  const quantizer = blockQuantizer(format);
  if (quantizer === undefined) throw new Error(`${format} has no levels`);
  const { blockSize, bytes } = formatNamed(format);
  return quantizeRows(quantizer, blockSize, bytes(1, blockSize), values, factors);
}

/** Factors of the damped Hessian H: H = V Vᵀ and H⁻¹ = Uᵀ U, both upper triangular, row by row; U = V⁻¹. */
interface Factors {
  n: number;
  v: Float64Array;
  u: Float64Array;
}

function quantizeRows(
  quantizer: BlockQuantizer,
  blockSize: number,
  blockBytes: number,
  values: Float32Array,
  { n, v, u }: Factors,
): Uint8Array {
  const rows = values.length / n;
  const rowBytes = (n / blockSize) * blockBytes;
  const [made, nearest] = [new Uint8Array(rows * rowBytes), new Uint8Array(rows * rowBytes)];
  const [losses, nearestLosses] = [new Float64Array(rows), new Float64Array(rows)];
  const work = Float64Array.from(values);
  const block = new Float32Array(blockSize);
  const errors = new Float64Array(blockSize);
  const nearestErrors = new Float64Array(n);
  for (let from = 0; from < n; from += blockSize) {
    for (let row = 0; row < rows; row++) {
      const at = row * n + from;
      const bytesAt = row * rowBytes + (from / blockSize) * blockBytes;
      for (let i = 0; i < blockSize; i++) block[i] = work[at + i]!;
      quantizer.fit(block);
      for (let i = 0; i < blockSize; i++) {
        const j = from + i;
        const value = work[at + i]!;
        // What rounding this column costs, when all that follow make up for it as well as they can, is its square.
        const error = (value - quantizer.round(i, value)) / u[j * n + j]!;
        losses[row]! += error * error;
        errors[i] = error;
        for (let k = i + 1; k < blockSize; k++) work[at + k]! -= error * u[j * n + from + k]!;
      }
      quantizer.write(made.subarray(bytesAt, bytesAt + blockBytes));
      // The columns behind the block are told of all its errors at once.
      for (let i = 0; i < blockSize; i++) {
        const [error, of] = [errors[i]!, (from + i) * n];
        for (let k = blockSize; k < n - from; k++) work[at + k]! -= error * u[of + from + k]!;
      }
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let from = 0; from < n; from += blockSize) {
      const of = values.subarray(row * n + from, row * n + from + blockSize);
      const bytesAt = row * rowBytes + (from / blockSize) * blockBytes;
      quantizer.fit(of);
      for (let i = 0; i < blockSize; i++) nearestErrors[from + i] = of[i]! - quantizer.round(i, of[i]!);
      quantizer.write(nearest.subarray(bytesAt, bytesAt + blockBytes));
    }
    nearestLosses[row] = squaredProduct(nearestErrors, v, n);
    if (nearestLosses[row]! < losses[row]!) {
      made.set(nearest.subarray(row * rowBytes, (row + 1) * rowBytes), row * rowBytes);
    }
  }
  return made;
}

/** ‖e V‖² = e H eᵀ. */
function squaredProduct(e: Float64Array, v: Float64Array, n: number): number {
  const product = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const value = e[k]!;
    for (let j = k; j < n; j++) product[j]! += value * v[k * n + j]!;
  }
  return product.reduce((sum, x) => sum + x * x, 0);
}

/** @throws UserError where the inputs are not finite */
function factorize({ products, squares }: InputStatistics, n: number, where: string | undefined): Factors {
  const mean = squares.reduce((sum, x) => sum + x, 0) / n;
  if (!Number.isFinite(mean)) {
    throw new UserError({
      what: 'the inputs of a matrix are not finite',
      where: where ?? 'tensor',
      expected: 'a model that computes finite numbers for the rows of calibration',
      found: `a mean square of ${mean}`,
      fix: 'train again with a lower learning rate or a longer warm-up',
    });
  }
  const hessian = new Float64Array(n * n);
  for (let damping = DAMPING; ; damping *= 10) {
    hessian.set(products);
    // A channel that was always 0 says nothing of its column: that is rounded by itself.
    for (let j = 0; j < n; j++) hessian[j * n + j]! += damping * mean + (squares[j] === 0 ? mean || 1 : 0);
    const v = upperFactor(hessian, n);
    if (v !== undefined) return { n, v, u: inverseOfUpper(v, n) };
  }
}

/**
 * The upper triangular V with V Vᵀ = H: Cholesky's factorization from the last row to the first.
 *
 * @param h symmetric [n, n]; it becomes V
 * @returns undefined where H is not positive definite, to the precision at hand
 */
export function upperFactor(h: Float64Array, n: number): Float64Array | undefined {
  for (let j = n - 1; j >= 0; j--) {
    const pivot = h[j * n + j]!;
    if (!(pivot > 0)) return undefined;
    const root = Math.sqrt(pivot);
    // Column j of V, kept in row j of the lower triangle until all of it is known, as memory goes by rows.
    for (let i = 0; i <= j; i++) h[j * n + i]! /= root;
    for (let i = 0; i < j; i++) {
      const factor = h[j * n + i]!;
      if (factor === 0) continue;
      for (let k = 0; k <= i; k++) h[i * n + k]! -= factor * h[j * n + k]!;
    }
  }
  for (let j = 0; j < n; j++)
    for (let i = 0; i < j; i++) {
      h[i * n + j] = h[j * n + i]!;
      h[j * n + i] = 0;
    }
  return h;
}

/** The inverse of an upper triangular matrix, which is one, too. */
export function inverseOfUpper(v: Float64Array, n: number): Float64Array {
  const u = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    const inverse = 1 / v[i * n + i]!;
    u[i * n + i] = inverse;
    for (let k = i + 1; k < n; k++) {
      const factor = -inverse * v[i * n + k]!;
      if (factor === 0) continue;
      for (let j = k; j < n; j++) u[i * n + j]! += factor * u[k * n + j]!;
    }
  }
  return u;
}
