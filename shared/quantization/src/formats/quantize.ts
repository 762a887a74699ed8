/** @file What makes the bytes of number formats, by name. */
import { UserError } from '@arrowsmith/errors';
import { float32ToBfloat16, float32ToFloat16 } from '../half-precision.ts';
import { quantizeInt8 } from '../int8.ts';
import { groupQuantizers } from './groups.ts';
import { formatNamed } from './index.ts';
import { int8Bytes } from './int8-rows.ts';
import { quantizerIq4Nl } from './iq4-nl.ts';
import type { BlockQuantizer, NumberFormat } from './number-format.ts';
import { quantizerQ4With0, quantizerQ5With0 } from './q-0.ts';
import { quantizerQ4With1, quantizerQ5With1 } from './q-1.ts';
import { quantizerQ2K } from './q2-k.ts';
import { quantizerQ3K } from './q3-k.ts';
import { quantizerQ4K, quantizerQ5K } from './q4-k.ts';
import { quantizerQ6K } from './q6-k.ts';
import { quantizerQ8 } from './q8-0.ts';
import { checkWeights, LARGEST_BFLOAT16, LARGEST_FLOAT16 } from './weights-to-quantize.ts';

/** Values row by row, the length of a row, and the tensor's name. */
type Quantize = (values: Float32Array, columns: number, where?: string) => Uint8Array;

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Uint8Array =>
  new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);

const WHOLE: ReadonlyMap<string, Quantize> = new Map<string, Quantize>([
  ['f32', bytesOf],
  [
    'f16',
    (values, columns, where) => {
      checkWeights(values, columns, LARGEST_FLOAT16, where);
      return bytesOf(float32ToFloat16(values));
    },
  ],
  [
    'bf16',
    (values, columns, where) => {
      checkWeights(values, columns, LARGEST_BFLOAT16, where);
      return bytesOf(float32ToBfloat16(values));
    },
  ],
  [
    'int8',
    (data, columns, where) => {
      const shape = [columns === 0 ? 0 : data.length / columns, columns];
      return int8Bytes(quantizeInt8({ shape, data }, where));
    },
  ],
]);

const BLOCKS: ReadonlyMap<string, BlockQuantizer> = new Map<string, BlockQuantizer>([
  ['Q8_0', quantizerQ8],
  ['Q5_1', quantizerQ5With1],
  ['Q5_0', quantizerQ5With0],
  ['Q4_1', quantizerQ4With1],
  ['Q4_0', quantizerQ4With0],
  ['IQ4_NL', quantizerIq4Nl],
  ['Q6_K', quantizerQ6K],
  ['Q5_K', quantizerQ5K],
  ['Q4_K', quantizerQ4K],
  ['Q3_K', quantizerQ3K],
  ['Q2_K', quantizerQ2K],
  ...groupQuantizers(),
]);

/** What quantizes blocks of a format; undefined for formats without such. */
export const blockQuantizer = (name: string): BlockQuantizer | undefined => BLOCKS.get(name);

/**
 * The bytes of values in a format.
 *
 * @param values row by row
 * @param columns values of a row
 * @param where the tensor's name, for errors
 * @param importance by how much errors in each column count; without it all count alike, as far as formats that know no importance always have it
 * @throws UserError where rows are no whole number of blocks, and, except in f32, for a value that is not finite or too large: scales in half precision
 *   bear magnitudes up to 65504
 */
export function quantize(
  name: string,
  values: Float32Array,
  columns: number,
  where?: string,
  importance?: Float32Array,
): Uint8Array {
  const format = formatNamed(name);
  const whole = WHOLE.get(name);
  if (whole !== undefined) return whole(values, columns, where);
  const quantizer = BLOCKS.get(name);
  if (quantizer === undefined) throw new Error(`nothing quantizes to ${name}`);
  if (columns % format.blockSize !== 0) throw noWholeBlocks(format, columns, where);
  checkWeights(values, columns, LARGEST_FLOAT16, where);
  return quantizeBlocks(format, quantizer, values, columns, importance);
}

function quantizeBlocks(
  format: NumberFormat,
  quantizer: BlockQuantizer,
  values: Float32Array,
  columns: number,
  importance: Float32Array | undefined,
): Uint8Array {
  const { blockSize } = format;
  const blockBytes = format.bytes(1, blockSize);
  const blocks = values.length / blockSize;
  const bytes = new Uint8Array(blocks * blockBytes);
  for (let block = 0; block < blocks; block++) {
    const of = values.subarray(block * blockSize, (block + 1) * blockSize);
    const column = (block * blockSize) % columns;
    quantizer.fit(of, importance?.subarray(column, column + blockSize));
    for (let i = 0; i < blockSize; i++) quantizer.round(i, of[i]!);
    quantizer.write(bytes.subarray(block * blockBytes, (block + 1) * blockBytes));
  }
  return bytes;
}

function noWholeBlocks({ name, blockSize }: NumberFormat, columns: number, where: string | undefined): UserError {
  return new UserError({
    what: `rows cannot be cut into blocks of ${name}`,
    where: where ?? 'tensor',
    expected: `rows of a multiple of ${blockSize} values`,
    found: `rows of ${columns}`,
    fix: 'choose a format of smaller blocks, or int8, which takes rows of any length',
  });
}
