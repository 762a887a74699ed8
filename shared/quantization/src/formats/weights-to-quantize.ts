/** @file Weights that a format has no number for. */
import { UserError } from '@arrowsmith/errors';

/** The largest float16; scales are stored in it, so that larger weights might come back as infinities. */
export const LARGEST_FLOAT16 = 65504;

/** (2 − 2⁻⁷) · 2¹²⁷ */
export const LARGEST_BFLOAT16 = 3.3895313892515355e38;

/** @throws UserError for a value that is not finite, or further from 0 than `largest` */
export function checkWeights(values: Float32Array, columns: number, largest: number, where?: string): void {
  const wrong = values.findIndex((value) => !(Math.abs(value) <= largest));
  const weight = values[wrong];
  if (weight !== undefined) throw unfitWeight(weight, Math.floor(wrong / columns), wrong % columns, where, largest);
}

/** Of a weight that is not finite, or larger than the largest. */
export function unfitWeight(
  weight: number,
  row: number,
  column: number,
  where: string | undefined,
  largest = Infinity,
): UserError {
  const tooLarge = Number.isFinite(weight);
  return new UserError({
    what: tooLarge ? 'a weight is too large for its format' : 'a weight that is not finite cannot be quantized',
    where: `${where ?? 'tensor'}[${row}, ${column}]`,
    expected: tooLarge ? `magnitudes up to ${largest}` : 'finite weights',
    found: String(weight),
    fix: tooLarge
      ? 'choose bf16, f32 or int8, which have larger numbers'
      : 'train again with a lower learning rate or a longer warm-up',
  });
}
