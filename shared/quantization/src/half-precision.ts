/** @file The two 16-bit floats: IEEE 754 half precision (F16: 5 bits of exponent, 10 of fraction) and bfloat16 (BF16: 8 and 7). */

/** The upper halves of float32 numbers; exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
  return new Float32Array(words.buffer);
}

/** Rounds to the nearest bfloat16, halves to even; beyond the largest it is infinite. NaN stays NaN. */
export function float32ToBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = wordsOf(values);
  const bits = new Uint16Array(words.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const isNaN = (word & 0x7fffffff) > 0x7f800000;
    bits[i] = isNaN ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return bits;
}

/** Exact, subnormal numbers included. */
export function float16ToFloat32(bits: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = fromHalf(bits[i]!);
  return values;
}

/** Rounds to the nearest half, halves to even; 65520 and above is infinite. NaN stays NaN. */
export function float32ToFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) bits[i] = toHalf(values[i]!);
  return bits;
}

/** The value of a half, given by its bits. */
export function fromHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (0x400 + fraction) * POWERS_OF_TWO[exponent]!;
}

/** 2^(e − 25) by the exponent's bits e: a block of weights asks for one each, and `**` takes longer than all else. */
const POWERS_OF_TWO = Float64Array.from({ length: 32 }, (_, exponent) => 2 ** (exponent - 25));

/** The bits of the half that is nearest to a float32, as {@link float32ToFloat16}. */
export function toHalf(value: number): number {
  const word = wordOf(value);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and above
  // From 2⁻¹⁴ on the exponent's bias falls from 127 to 15 and 13 bits of fraction go. A carry may reach infinity, as it should.
  if (magnitude >= 0x38800000) return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
  // Below, a half is a multiple of 2⁻²⁴.
  return sign | roundToEven(Math.abs(value) * 2 ** 24);
}

const wordsOf = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length);

const scratch = new Uint32Array(1);
const scratchFloat = new Float32Array(scratch.buffer);

function wordOf(value: number): number {
  scratchFloat[0] = value;
  return scratch[0]!;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
