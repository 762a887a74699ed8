/**
 * @file Products of activations of int8 with a matrix's integers, number by number: what kernels compute (native/integer-products.h of the backend
 * `native`), to the bit. Integers are summed exactly; of numbers in float32, each product and each sum is rounded.
 */
import type { StoredTensor } from '@arrowsmith/artifacts';
import { type BitField, halfAt, unpackIntegers } from '../formats/bit-fields.ts';

/** Integers that belong to one scale: a value is scale · (integer − zero) + addend. */
interface Group {
  integers: readonly number[];
  scale: number;
  zero: number;
  /** Undefined where the format has none. */
  addend?: number;
}

const { fround } = Math;
const signed = (byte: number): number => (byte << 24) >> 24;

/** Fields of a block's integers, as the files in formats/ describe them. */
function integersOf(block: Uint8Array, size: number, ...fields: BitField[]): number[] {
  const integers = new Uint8Array(size);
  unpackIntegers(block, fields, integers);
  return Array.from(integers);
}

/** A block's groups of `size` integers. */
const cut = (integers: readonly number[], size: number, of: (group: number) => Omit<Group, 'integers'>): Group[] =>
  Array.from({ length: integers.length / size }, (_, group) => ({
    integers: integers.slice(group * size, (group + 1) * size),
    ...of(group),
  }));

interface Blocks {
  size: number;
  bytes: number;
  groups(block: Uint8Array): Group[];
}

const IQ4_LEVELS = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** Scales and minima of 6 bits: of eight groups, in 12 bytes. */
function sixBits(block: Uint8Array, group: number): { scale: number; minimum: number } {
  const of = block.subarray(4, 16);
  if (group < 4) return { scale: of[group]! & 63, minimum: of[group + 4]! & 63 };
  return {
    scale: (of[group + 4]! & 15) + 16 * (of[group - 4]! >> 6),
    minimum: (of[group + 4]! >> 4) + 16 * (of[group]! >> 6),
  };
}

function nibbles(bits: 4 | 5, hasMinimum: boolean): Blocks {
  const [header, fifths] = [hasMinimum ? 4 : 2, bits === 5 ? 4 : 0];
  const fields: BitField[] = [{ at: header + fifths, bits: 4, span: 16 }];
  if (bits === 5) fields.push({ at: header, bits: 1, span: 1, shift: 4 });
  const groups = (block: Uint8Array): Group[] => {
    const of = hasMinimum ? { zero: 0, addend: halfAt(block, 2) } : { zero: 2 ** (bits - 1) };
    return [{ integers: integersOf(block, 32, ...fields), scale: halfAt(block, 0), ...of }];
  };
  return { size: 32, bytes: header + fifths + 16, groups };
}

const superBlocks: Record<string, Blocks> = {
  Q6_K: {
    size: 256,
    bytes: 210,
    groups: (block) =>
      cut(
        integersOf(block, 256, { at: 0, bits: 4, span: 64 }, { at: 128, bits: 2, span: 32, shift: 4 }),
        16,
        (group) => ({
          scale: fround(halfAt(block, 208) * signed(block[192 + group]!)),
          zero: 32,
        }),
      ),
  },
  Q3_K: {
    size: 256,
    bytes: 110,
    groups(block) {
      const scales = new Uint8Array(16);
      const [low, high] = [{ at: 96, bits: 4, span: 8 } as const, { at: 104, bits: 2, span: 4, shift: 4 } as const];
      unpackIntegers(block, [low, high], scales);
      const fields = [{ at: 32, bits: 2, span: 32 } as const, { at: 0, bits: 1, span: 32, shift: 2 } as const];
      return cut(integersOf(block, 256, ...fields), 16, (group) => ({
        scale: fround(halfAt(block, 108) * (scales[group]! - 32)),
        zero: 4,
      }));
    },
  },
  Q2_K: {
    size: 256,
    bytes: 84,
    groups: (block) =>
      cut(integersOf(block, 256, { at: 16, bits: 2, span: 32 }), 16, (group) => ({
        scale: fround(halfAt(block, 80) * (block[group]! & 15)),
        zero: 0,
        addend: -fround(halfAt(block, 82) * (block[group]! >> 4)),
      })),
  },
};

for (const [name, bytes, fields] of [
  ['Q4_K', 144, [{ at: 16, bits: 4, span: 32 }]],
  [
    'Q5_K',
    176,
    [
      { at: 48, bits: 4, span: 32 },
      { at: 16, bits: 1, span: 32, shift: 4 },
    ],
  ],
] as const)
  superBlocks[name] = {
    size: 256,
    bytes,
    groups: (block) =>
      cut(integersOf(block, 256, ...fields), 32, (group) => ({
        scale: fround(halfAt(block, 0) * sixBits(block, group).scale),
        zero: 0,
        addend: -fround(halfAt(block, 2) * sixBits(block, group).minimum),
      })),
  };

const named: Record<string, Blocks> = {
  ...superBlocks,
  Q8_0: {
    size: 32,
    bytes: 34,
    groups: (block) => [{ integers: Array.from(block.subarray(2), signed), scale: halfAt(block, 0), zero: 0 }],
  },
  Q5_1: nibbles(5, true),
  Q5_0: nibbles(5, false),
  Q4_1: nibbles(4, true),
  Q4_0: nibbles(4, false),
  IQ4_NL: {
    size: 32,
    bytes: 18,
    groups(block) {
      const integers = integersOf(block, 32, { at: 2, bits: 4, span: 16 }).map((place) => IQ4_LEVELS[place]!);
      return [{ integers, scale: halfAt(block, 0), zero: 0 }];
    },
  },
};

/** The blocks of a format. */
function blocksOf(format: string): Blocks {
  const [, bits, size, asymmetric] = /^int(\d)-g(\d+)(-asymmetric)?$/.exec(format) ?? [];
  if (bits === undefined) {
    const found = named[format];
    if (found === undefined) throw new Error(`${format} has no integers`);
    return found;
  }
  const [width, count, at] = [Number(bits), Number(size), asymmetric === undefined ? 2 : 3];
  const fields: BitField[] =
    width === 3
      ? [
          { at, bits: 2, span: 1 },
          { at: at + count / 4, bits: 1, span: 1, shift: 2 },
        ]
      : [{ at, bits: width as 2 | 4 | 8, span: 1 }];
  const groups = (block: Uint8Array): Group[] => {
    const zero = asymmetric === undefined ? 2 ** (width - 1) : block[2]!;
    return [{ integers: integersOf(block, count, ...fields), scale: halfAt(block, 0), zero }];
  };
  return { size: count, bytes: at + (width * count) / 8, groups };
}

/** The groups of each row of a matrix. */
function rowsOf({ shape, format, bytes }: StoredTensor): Group[][] {
  const [rows, columns] = shape as [number, number];
  if (format === 'int8') {
    const scales = new Float32Array(bytes.slice(0, 4 * rows).buffer);
    return Array.from(scales, (scale, row) => {
      const integers = Array.from(bytes.subarray(4 * rows + row * columns, 4 * rows + (row + 1) * columns), signed);
      return [{ integers, scale, zero: 0 }];
    });
  }
  const { size, bytes: blockBytes, groups } = blocksOf(format);
  const blocks = columns / size;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: blocks }, (_u, block) => {
      const at = (row * blocks + block) * blockBytes;
      return groups(bytes.subarray(at, at + blockBytes));
    }).flat(),
  );
}

/** A block of activations: scale = max|x| / 127, halves away from zero. */
function quantized(x: Float32Array): { scale: number; integers: number[] } {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = fround(largest / 127);
  if (scale < 2 ** -126) return { scale: 0, integers: Array.from(x, () => 0) };
  return { scale, integers: Array.from(x, (value) => Math.sign(value) * Math.round(Math.abs(fround(value / scale)))) };
}

/**
 * x matrixᵀ, each row of x quantized in blocks like the matrix's groups.
 *
 * @param x [n, in], finite
 * @param matrix [out, in], in a format that has integers
 * @returns [n, out]
 */
export function integerProduct(x: Float32Array, matrix: StoredTensor): Float32Array {
  const [out, columns] = matrix.shape as [number, number];
  const rows = rowsOf(matrix);
  const result = new Float32Array((x.length / columns) * out);
  for (let i = 0; i < x.length / columns; i++) {
    for (const [o, groups] of rows.entries()) {
      let [y, at] = [0, i * columns];
      for (const { integers, scale, zero, addend } of groups) {
        const inputs = quantized(x.subarray(at, at + integers.length));
        at += integers.length;
        const sum = integers.reduce((total, integer, j) => total + (integer - zero) * inputs.integers[j]!, 0);
        y = fround(y + fround(fround(scale * inputs.scale) * fround(sum)));
        const all = inputs.integers.reduce((total, integer) => total + integer, 0);
        if (addend !== undefined) y = fround(y + fround(addend * fround(inputs.scale * all)));
      }
      result[i * out + o] = y;
    }
  }
  return result;
}
