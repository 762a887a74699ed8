/**
 * @file What rows differ by from others: integers that are small where rows are nearly equal, and again numbers of the same bits, so that they are split
 * into planes as numbers are.
 *
 * Numbers are put into order, as integers that follow each other as the floats do; the residual of a number is the difference of its integer and that of
 * what was predicted, modulo 2^bits, put back into the bits of a float: a sign, and a magnitude that is small or not. So nothing is lost, whatever the
 * numbers and the predictions are.
 */
import type { AddResidualsBf16 } from '@arrowsmith/backend';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from '../half-precision.ts';
import type { NumberLayout } from './number-layout.ts';
import { numbersOf, wordsOf } from './regroup.ts';
import type { Rotations } from './rotation.ts';

/** Rows of two kinds: those that are kept as they are, and those that others predict. */
export interface PredictedRows {
  /** [distinct, columns] */
  distinct: Uint8Array;
  /** [the others, columns] */
  residuals: Uint8Array;
}

/** Of each row. */
export interface References {
  /** Which of the distinct rows it is, or is predicted by. */
  distinct: Int32Array<ArrayBuffer>;
  /** Which of the residuals it has; −1 where it is a distinct one. */
  residual: Int32Array<ArrayBuffer>;
}

/** Integers of the bits of numbers, which follow each other as floats do, and back: `flip` is its own inverse. Other numbers are integers as they are. */
function orderOf({ bits, isSigned }: NumberLayout) {
  const unused = 32 - bits;
  const magnitude = isSigned ? 2 ** (bits - 1) - 1 : 0;
  const wrapped = (x: number): number => (x << unused) >> unused;
  return { wrapped, flip: (x: number): number => x ^ ((x >> 31) & magnitude) };
}

/** Rows as {@link addResiduals} makes them again. @param bytes [rows, columns], aligned for numbers */
export function subtractPredicted(
  layout: NumberLayout,
  bytes: Uint8Array,
  references: References,
  rotations: Rotations,
): PredictedRows {
  const rows = references.distinct.length;
  const rowBytes = bytes.length / rows;
  const predicted = references.residual.filter((each) => each >= 0).length;
  const distinct = new Uint8Array((rows - predicted) * rowBytes);
  const residuals = new Uint8Array(predicted * rowBytes);
  for (let row = 0; row < rows; row++) {
    const [to, at] =
      references.residual[row]! < 0 ? [distinct, references.distinct[row]!] : [residuals, references.residual[row]!];
    to.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), at * rowBytes);
  }
  const predictions = predictedNumbers(layout, distinct, references, rotations);
  const numbers = numbersOf(layout, residuals);
  const { wrapped, flip } = orderOf(layout);
  for (let i = 0; i < numbers.length; i++)
    numbers[i] = flip(wrapped(flip(wrapped(numbers[i]!)) - flip(wrapped(predictions[i]!))));
  return { distinct, residuals };
}

/**
 * Rows of what they differ by from others.
 *
 * @param to [rows, columns], aligned for numbers
 * @param kernel a backend's, which gives the same for bf16
 */
export function addResiduals(
  layout: NumberLayout,
  { distinct, residuals }: PredictedRows,
  references: References,
  rotations: Rotations,
  to: Uint8Array,
  kernel?: AddResidualsBf16,
): void {
  const rows = references.distinct.length;
  if (rows === 0 || to.length === 0) return;
  const { headDim } = rotations;
  if (kernel !== undefined && layout.name === 'bf16' && headDim % 2 === 0) {
    kernel({ ...references, ...rotations }, wordsOf(distinct), wordsOf(residuals), wordsOf(to));
    return;
  }
  const sums = predictedNumbers(layout, distinct, references, rotations);
  const differences = numbersOf(layout, residuals);
  const { wrapped, flip } = orderOf(layout);
  for (let i = 0; i < sums.length; i++)
    sums[i] = flip(wrapped(flip(wrapped(sums[i]!)) + flip(wrapped(differences[i]!))));
  const [firsts, others, numbers] = [numbersOf(layout, distinct), sums, numbersOf(layout, to)];
  const columns = numbers.length / rows;
  for (let row = 0; row < rows; row++) {
    const [from, at] =
      references.residual[row]! < 0 ? [firsts, references.distinct[row]!] : [others, references.residual[row]!];
    numbers.set(from.subarray(at * columns, (at + 1) * columns), row * columns);
  }
}

type Numbers = ReturnType<typeof numbersOf>;

/** The predictions of all rows that have one, by the bits of their numbers. */
function predictedNumbers(
  layout: NumberLayout,
  distinct: Uint8Array,
  references: References,
  rotations: Rotations,
): Numbers {
  const numbers = numbersOf(layout, distinct);
  const predicted = references.residual.filter((each) => each >= 0).length;
  const firsts = references.residual.length - predicted;
  const columns = firsts === 0 ? 0 : numbers.length / firsts;
  if (rotations.pairs === 0) {
    const predictions = numbersOf(layout, new Uint8Array((predicted * columns * layout.bits) / 8));
    for (const [row, residual] of references.residual.entries()) {
      const from = references.distinct[row]! * columns;
      if (residual >= 0) predictions.set(numbers.subarray(from, from + columns), residual * columns);
    }
    return predictions;
  }
  const floats = floatsOf(layout, numbers);
  const rotated = new Float32Array(predicted * columns);
  for (const [row, residual] of references.residual.entries()) {
    const from = references.distinct[row]! * columns;
    if (residual < 0) continue;
    const to = rotated.subarray(residual * columns, (residual + 1) * columns);
    rotate(floats.subarray(from, from + columns), rotations, rotations.angle[row]!, to);
  }
  return bitsOf(layout, rotated);
}

/**
 * A row's heads, rotated. In float64, where products are exact, so that a sum has the same bits whether it is fused with one or not; NaN becomes 0, as
 * which NaN it is would depend on the processor.
 */
function rotate(row: Float32Array, rotations: Rotations, angle: number, to: Float32Array): void {
  const { headDim, pairs, interleaved, cos, sin } = rotations;
  to.set(row);
  for (let head = 0; head < row.length; head += headDim) {
    for (let pair = 0; pair < pairs; pair++) {
      const first = head + (interleaved ? 2 * pair : pair);
      const second = interleaved ? first + 1 : first + pairs;
      const [c, s] = [cos[angle * pairs + pair]!, sin[angle * pairs + pair]!];
      const [a, b] = [row[first]!, row[second]!];
      to[first] = a * c - b * s;
      to[second] = a * s + b * c;
    }
  }
  for (let i = 0; i < to.length; i++) if (Number.isNaN(to[i])) to[i] = 0;
}

function floatsOf({ name }: NumberLayout, numbers: Numbers): Float32Array {
  if (name === 'bf16') return bfloat16ToFloat32(numbers as Uint16Array);
  if (name === 'f16') return float16ToFloat32(numbers as Uint16Array);
  return new Float32Array(numbers.buffer, numbers.byteOffset, numbers.length);
}

function bitsOf({ name }: NumberLayout, floats: Float32Array): Numbers {
  if (name === 'bf16') return float32ToBfloat16(floats);
  if (name === 'f16') return float32ToFloat16(floats);
  return new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
}
