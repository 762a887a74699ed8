import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half-precision.ts';

const everyPattern = Uint16Array.from({ length: 2 ** 16 }, (_, bits) => bits);

/** IEEE 754's definition, for a format of `exponentBits` and as many fraction bits as remain of 15. */
function valueOf(bits: number, exponentBits: number): number {
  const fractionBits = 15 - exponentBits;
  const sign = bits >>> 15 === 1 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

const formats = [
  { name: 'F16', exponentBits: 5, decode: float16ToFloat32, encode: float32ToFloat16 },
  { name: 'BF16', exponentBits: 8, decode: bfloat16ToFloat32, encode: float32ToBfloat16 },
];

describe.each(formats)('$name', ({ exponentBits, decode, encode }) => {
  test('every pattern of 16 bits has the value of its definition', () => {
    const values = decode(everyPattern);
    const wrong = everyPattern.filter((bits) => !Object.is(values[bits], valueOf(bits, exponentBits)));
    expect(Array.from(wrong)).toEqual([]);
  });

  test('every number and infinity comes back to its own bits, and NaN to a NaN', () => {
    const values = decode(everyPattern);
    const numbers = everyPattern.filter((bits) => !Number.isNaN(values[bits]!));
    const others = everyPattern.filter((bits) => Number.isNaN(values[bits]!));
    const back = encode(decode(numbers));
    expect(Array.from(numbers.filter((bits, i) => back[i] !== bits))).toEqual([]);
    expect(decode(encode(decode(others))).every(Number.isNaN)).toBe(true);
  });

  test('a number between two neighbours goes to the nearer, and to the even one from the middle', () => {
    const infinity = (2 ** exponentBits - 1) << (15 - exponentBits);
    const neighbours = fc.integer({ min: 0, max: infinity - 2 });
    const share = fc.constantFrom(0.25, 0.5, 0.75);
    fc.assert(
      fc.property(neighbours, share, fc.boolean(), (bits, weight, negative) => {
        const [low, high] = decode(Uint16Array.of(bits, bits + 1));
        // Quarters between neighbours are float32 numbers, except in bfloat16's last subnormal bits.
        const between = Math.fround(low! + (high! - low!) * weight);
        fc.pre(between === low! + (high! - low!) * weight);
        const nearest = weight < 0.5 || (weight === 0.5 && bits % 2 === 0) ? bits : bits + 1;
        expect(encode(Float32Array.of(negative ? -between : between))[0]).toBe(negative ? nearest | 0x8000 : nearest);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  test('from half a step beyond the largest number on it is infinite', () => {
    const infinity = (2 ** exponentBits - 1) << (15 - exponentBits);
    const [largest, before] = decode(Uint16Array.of(infinity - 1, infinity - 2)) as unknown as [number, number];
    const limit = largest + (largest - before) / 2;
    const below = new Float32Array(Uint32Array.of(new Uint32Array(Float32Array.of(limit).buffer)[0]! - 1).buffer);
    expect(Array.from(encode(Float32Array.of(limit, below[0]!, Infinity, -limit)))).toEqual([
      infinity,
      infinity - 1,
      infinity,
      infinity | 0x8000,
    ]);
  });
});
