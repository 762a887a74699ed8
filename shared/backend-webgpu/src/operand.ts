/**
 * @file What the factors of products are rounded to on their way into a tile. Sums are float32 in any case, and so is what is read and written: the
 * weights that the optimizer updates are the only ones.
 */

/**
 * `f16` where the adapter rounds to the nearest, which WGSL does not ask of it (Mesa's lavapipe and SwiftShader round to zero), else `f16 by bits`; `f16 in
 * f32` are the same numbers in 32 bits: for tests on adapters without shader-f16.
 */
export type Operand = 'f32' | 'f16' | 'f16 by bits' | 'f16 in f32';

/** The binding that a shader has besides, in which a factor is noted that 16 bits do not hold. */
export type OverflowBinding = 'overflow';

export const overflowBinding = (operand: Operand): Record<OverflowBinding, 'atomics'> =>
  (operand === 'f32' ? {} : { overflow: 'atomics' }) as Record<OverflowBinding, 'atomics'>;

/** What WGSL is to be asked for. */
export const enablesOf = (operand: Operand): string => (/^f16$|by bits/.test(operand) ? 'enable f16;' : '');

/** A function `nearest(x)`: of the numbers of 16 bits the nearest, the even one of two. Normal ones have 10 bits behind the point, others units of 2⁻²⁴. */
const BY_BITS = `
fn nearest(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) < 0x38800000u) { return round(x * 16777216.0) * 5.9604644775390625e-8; }
  return bitcast<f32>((bits + 0xfffu + ((bits >> 13u) & 1u)) & 0xffffe000u);
}
`;

/** The largest number of 16 bits, 65504, as float32's bits. */
const LARGEST = '0x477fe000u';

/**
 * A type `Factor`, and a function `rounded(x)`. What is larger than the largest number, or none, is found by its bits, since compilers may take it for
 * granted that there are no such numbers; the largest stands for it, as WGSL does not say what its rounding is.
 */
export function factorDeclarations(operand: Operand): string {
  if (operand === 'f32') return 'alias Factor = f32; fn rounded(x: f32) -> f32 { return x; }';
  const isNearest = operand === 'f16';
  return `
alias Factor = ${operand === 'f16 in f32' ? 'f32' : 'f16'};
${isNearest ? '' : BY_BITS}
fn rounded(x: f32) -> Factor {
  if ((bitcast<u32>(x) & 0x7fffffffu) > ${LARGEST}) { atomicStore(&overflow[0], 1u); }
  let held = clamp(x, -65504.0, 65504.0);
  return ${isNearest ? 'Factor(held)' : 'Factor(nearest(held))'};
}
`;
}
