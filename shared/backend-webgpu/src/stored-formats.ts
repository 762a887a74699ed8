/**
 * @file How shaders read matrices as artifacts store them: the formats of the backend `native` (native/stored-matrix.h, block-formats.h), whose layouts
 * shared/quantization/src/formats describes. Four neighbours of a row come at a time, as the very float32 numbers that are decoded there.
 */

/** Where bits of a block's integers lie: shared/quantization/src/formats/bit-fields.ts explains it. */
interface BitField {
  at: number;
  bits: 1 | 2 | 4 | 8;
  span: number;
  shift?: number;
}

/** Blocks of values with what scales them; a row is a whole number of them. */
interface BlockFormat {
  /** Values of a block, and its bytes. */
  size: number;
  bytes: number;
  /** Of the integers. */
  fields: readonly BitField[];
  /** WGSL for the values, a vec4f, of `q`, four integers of a block, of which the first is the `i`-th, where the block begins at the byte `block`. */
  values: string;
}

/** value = scale · (integer − zero) */
const scaled = (scale: string, zero: string): string => `(vec4f(q) - ${zero}) * (${scale})`;

/** value = scale · integer + addend, where the product is exact. */
const above = (scale: string, addend: string): string => `vec4f(q) * (${scale}) + (${addend})`;

const HALF = 'halfAt(block)';

function groups(bits: 8 | 4 | 3 | 2, size: number, isAsymmetric: boolean): BlockFormat {
  const at = isAsymmetric ? 3 : 2;
  return {
    size,
    bytes: at + (bits * size) / 8,
    fields:
      bits === 3
        ? [
            { at, bits: 2, span: 1 },
            { at: at + size / 4, bits: 1, span: 1, shift: 2 },
          ]
        : [{ at, bits, span: 1 }],
    values: scaled(HALF, isAsymmetric ? 'f32(byteAt(block + 2u))' : `${2 ** (bits - 1)}.0`),
  };
}

/** A fifth bit of each of 32 integers. */
const fifth = (at: number): BitField => ({ at, bits: 1, span: 1, shift: 4 });

/** Scales and minima of Q4_K and Q5_K. */
const OF_EIGHT_GROUPS = above(
  'halfAt(block) * f32(kScale(block, i / 32u))',
  '-(halfAt(block + 2u) * f32(kMinimum(block, i / 32u)))',
);

const BLOCKS: Readonly<Record<string, BlockFormat>> = {
  ...Object.fromEntries(
    ([8, 4, 3, 2] as const).flatMap((bits) =>
      [32, 128].flatMap((size) => [
        [`int${bits}-g${size}`, groups(bits, size, false)],
        [`int${bits}-g${size}-asymmetric`, groups(bits, size, true)],
      ]),
    ),
  ),
  Q8_0: {
    size: 32,
    bytes: 34,
    fields: [{ at: 2, bits: 8, span: 1 }],
    values: 'vec4f((vec4i(q) ^ vec4i(128)) - 128) * halfAt(block)',
  },
  Q5_1: {
    size: 32,
    bytes: 24,
    fields: [{ at: 8, bits: 4, span: 16 }, fifth(4)],
    values: above(HALF, 'halfAt(block + 2u)'),
  },
  Q5_0: { size: 32, bytes: 22, fields: [{ at: 6, bits: 4, span: 16 }, fifth(2)], values: scaled(HALF, '16.0') },
  Q4_1: { size: 32, bytes: 20, fields: [{ at: 4, bits: 4, span: 16 }], values: above(HALF, 'halfAt(block + 2u)') },
  Q4_0: { size: 32, bytes: 18, fields: [{ at: 2, bits: 4, span: 16 }], values: scaled(HALF, '8.0') },
  IQ4_NL: {
    size: 32,
    bytes: 18,
    fields: [{ at: 2, bits: 4, span: 16 }],
    values: 'halfAt(block) * vec4f(LEVELS[q.x], LEVELS[q.y], LEVELS[q.z], LEVELS[q.w])',
  },
  Q6_K: {
    size: 256,
    bytes: 210,
    fields: [
      { at: 0, bits: 4, span: 64 },
      { at: 128, bits: 2, span: 32, shift: 4 },
    ],
    values: scaled('halfAt(block + 208u) * f32((i32(byteAt(block + 192u + i / 16u)) ^ 128) - 128)', '32.0'),
  },
  Q5_K: {
    size: 256,
    bytes: 176,
    fields: [
      { at: 48, bits: 4, span: 32 },
      { at: 16, bits: 1, span: 32, shift: 4 },
    ],
    values: OF_EIGHT_GROUPS,
  },
  Q4_K: { size: 256, bytes: 144, fields: [{ at: 16, bits: 4, span: 32 }], values: OF_EIGHT_GROUPS },
  Q3_K: {
    size: 256,
    bytes: 110,
    fields: [
      { at: 32, bits: 2, span: 32 },
      { at: 0, bits: 1, span: 32, shift: 2 },
    ],
    values: scaled('halfAt(block + 108u) * f32(i32(q3Scale(block, i / 16u)) - 32)', '4.0'),
  },
  Q2_K: {
    size: 256,
    bytes: 84,
    fields: [{ at: 16, bits: 2, span: 32 }],
    values: above(
      'halfAt(block + 80u) * f32(byteAt(block + i / 16u) & 15u)',
      '-(halfAt(block + 82u) * f32(byteAt(block + i / 16u) >> 4u))',
    ),
  },
};

/** WGSL for four elements from `column` on of a row, which is `parameters.columns` long: those behind its end are something. */
const ELEMENTS: Readonly<Record<string, string>> = {
  f32: `
  let at = row * parameters.columns + column;
  return vec4f(bitcast<f32>(words[at]), bitcast<f32>(words[at + 1u]), bitcast<f32>(words[at + 2u]), bitcast<f32>(words[at + 3u]));`,
  bf16: `
  let at = 2u * (row * parameters.columns + column);
  let low = wordAt(at);
  let high = wordAt(at + 4u);
  return vec4f(bitcast<f32>(low << 16u), bitcast<f32>(low & 0xffff0000u), bitcast<f32>(high << 16u), bitcast<f32>(high & 0xffff0000u));`,
  int8: `
  let word = wordAt(4u * parameters.rows + row * parameters.columns + column);
  let q = (vec4u(word) >> vec4u(0u, 8u, 16u, 24u)) & vec4u(0xffu);
  return vec4f((vec4i(q) ^ vec4i(128)) - 128) * bitcast<f32>(words[row]);`,
  f16: `
  let at = 2u * (row * parameters.columns + column);
  let low = wordAt(at);
  let high = wordAt(at + 4u);
  return vec4f(floatOfHalf(low & 0xffffu), floatOfHalf(low >> 16u), floatOfHalf(high & 0xffffu), floatOfHalf(high >> 16u));`,
};

/** The formats that shaders read. */
export const STORED_FORMATS: readonly string[] = [...Object.keys(ELEMENTS), ...Object.keys(BLOCKS)];

/** Values of a block of a format; 1 where each stands for itself. */
export const blockSizeOf = (format: string): number => BLOCKS[format]?.size ?? 1;

/** 32-bit words of a matrix of that many elements in `rows` rows. */
export function wordsOf(format: string, rows: number, elements: number): number {
  const block = BLOCKS[format];
  if (block !== undefined) return Math.ceil(((elements / block.size) * block.bytes) / 4);
  if (format === 'int8') return rows + Math.ceil(elements / 4);
  return Math.ceil((elements * (format === 'f32' ? 4 : 2)) / 4);
}

/** Bytes come at any place of a word. Half-precision numbers are decoded by their bits, as WGSL's own function may take the smallest for 0. */
const HELPERS = `
fn wordAt(at: u32) -> u32 {
  let shift = 8u * (at & 3u);
  let low = words[at >> 2u];
  if (shift == 0u) { return low; }
  return (low >> shift) | (words[(at >> 2u) + 1u] << (32u - shift));
}
fn byteAt(at: u32) -> u32 { return (words[at >> 2u] >> (8u * (at & 3u))) & 0xffu; }
fn floatOfHalf(half: u32) -> f32 {
  let exponent = (half >> 10u) & 31u;
  let fraction = half & 0x3ffu;
  let sign = (half & 0x8000u) << 16u;
  if (exponent == 0u) { return bitcast<f32>(bitcast<u32>(f32(fraction) * 5.9604644775390625e-8) | sign); } // 2⁻²⁴
  return bitcast<f32>(sign | (select(exponent + 112u, 255u, exponent == 31u) << 23u) | (fraction << 13u));
}
fn halfAt(at: u32) -> f32 {
  var half = words[at >> 2u] >> (8u * (at & 3u));
  if ((at & 3u) == 3u) { half |= words[(at >> 2u) + 1u] << 8u; }
  return floatOfHalf(half & 0xffffu);
}
fn kScale(block: u32, index: u32) -> u32 {
  if (index < 4u) { return byteAt(block + 4u + index) & 63u; }
  return (byteAt(block + 8u + index) & 15u) | ((byteAt(block + index) >> 6u) << 4u);
}
fn kMinimum(block: u32, index: u32) -> u32 {
  if (index < 4u) { return byteAt(block + 8u + index) & 63u; }
  return (byteAt(block + 8u + index) >> 4u) | ((byteAt(block + 4u + index) >> 6u) << 4u);
}
fn q3Scale(block: u32, index: u32) -> u32 {
  let low = (byteAt(block + 96u + index % 8u) >> (4u * (index / 8u))) & 15u;
  return low | (((byteAt(block + 104u + index % 4u) >> (2u * (index / 4u))) & 3u) << 4u);
}
const LEVELS = array<f32, 16>(
  -127.0, -104.0, -83.0, -65.0, -49.0, -35.0, -22.0, -10.0, 1.0, 13.0, 25.0, 38.0, 53.0, 69.0, 89.0, 113.0,
);
`;

/** WGSL for four integers of a field, of which the first is a block's `i`-th, a multiple of 4: neighbours in a byte, or in neighbouring bytes. */
function fieldOf({ at, bits, span, shift = 0 }: BitField): string {
  const mask = `vec4u(${2 ** bits - 1}u)`;
  const first = `block + ${at}u`;
  const integers =
    span === 1
      ? `((vec4u(wordAt(${first} + i * ${bits}u / 8u) >> (i * ${bits}u % 8u)) >> vec4u(0u, ${bits}u, ${2 * bits}u, ${3 * bits}u)) & ${mask})`
      : `((vec4u(wordAt(${first} + i / ${(8 / bits) * span}u * ${span}u + i % ${span}u) >> (${bits}u * (i / ${span}u % ${8 / bits}u))) >> vec4u(0u, 8u, 16u, 24u)) & ${mask})`;
  return shift === 0 ? integers : `(${integers} << vec4u(${shift}u))`;
}

/**
 * `fourOf(row, column)`: a row's elements from `column` on, a multiple of 4, 0 behind its end. The shader binds `words` as u32, and has the parameters
 * `rows` and `columns` of the stored matrix, or of a stack of them as one.
 */
export function declareFourOf(format: string): string {
  const block = BLOCKS[format];
  if (block === undefined) {
    return `${HELPERS}
fn elementsOf(row: u32, column: u32) -> vec4f { ${ELEMENTS[format]} }
fn fourOf(row: u32, column: u32) -> vec4f {
  return select(vec4f(), elementsOf(row, column), vec4u(column, column + 1u, column + 2u, column + 3u) < vec4u(parameters.columns));
}
`;
  }
  return `${HELPERS}
fn fourOf(row: u32, column: u32) -> vec4f {
  if (column >= parameters.columns) { return vec4f(); }
  let block = (row * (parameters.columns / ${block.size}u) + column / ${block.size}u) * ${block.bytes}u;
  let i = column % ${block.size}u;
  let q = ${block.fields.map(fieldOf).join(' | ')};
  return ${block.values};
}
`;
}
