/** @file What makes the bytes of number formats, by name. */
import { UserError } from '@arrowsmith/errors';
import { float32ToBfloat16, float32ToFloat16 } from '../half-precision.ts';
import { quantizeInt8 } from '../int8.ts';
import { quantizeGroups } from './groups.ts';
import { formatNamed } from './index.ts';
import { int8Bytes } from './int8-rows.ts';
import { quantizeIq4Nl } from './iq4-nl.ts';
import type { NumberFormat, QuantizeBlock } from './number-format.ts';
import { quantizeQ4With0, quantizeQ5With0 } from './q-0.ts';
import { quantizeQ4With1, quantizeQ5With1 } from './q-1.ts';
import { quantizeQ2K } from './q2-k.ts';
import { quantizeQ3K } from './q3-k.ts';
import { quantizeQ4K, quantizeQ5K } from './q4-k.ts';
import { quantizeQ6K } from './q6-k.ts';
import { quantizeQ8 } from './q8-0.ts';
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

const BLOCKS: ReadonlyMap<string, QuantizeBlock> = new Map<string, QuantizeBlock>([
  ['Q8_0', quantizeQ8],
  ['Q5_1', quantizeQ5With1],
  ['Q5_0', quantizeQ5With0],
  ['Q4_1', quantizeQ4With1],
  ['Q4_0', quantizeQ4With0],
  ['IQ4_NL', quantizeIq4Nl],
  ['Q6_K', quantizeQ6K],
  ['Q5_K', quantizeQ5K],
  ['Q4_K', quantizeQ4K],
  ['Q3_K', quantizeQ3K],
  ['Q2_K', quantizeQ2K],
  ...quantizeGroups(),
]);

/**
 * The bytes of values in a format.
 *
 * @param values row by row
 * @param columns values of a row
 * @param where the tensor's name, for errors
 * @throws UserError where rows are no whole number of blocks, and, except in f32, for a value that is not finite or too large: scales in half precision
 *   bear magnitudes up to 65504
 */
export function quantize(name: string, values: Float32Array, columns: number, where?: string): Uint8Array {
  const format = formatNamed(name);
  const whole = WHOLE.get(name);
  if (whole !== undefined) return whole(values, columns, where);
  const quantizeBlock = BLOCKS.get(name);
  if (quantizeBlock === undefined) throw new Error(`nothing quantizes to ${name}`);
  if (columns % format.blockSize !== 0) throw noWholeBlocks(format, columns, where);
  checkWeights(values, columns, LARGEST_FLOAT16, where);
  return quantizeBlocks(format, quantizeBlock, values);
}

function quantizeBlocks(format: NumberFormat, quantizeBlock: QuantizeBlock, values: Float32Array): Uint8Array {
  const { blockSize } = format;
  const blockBytes = format.bytes(1, blockSize);
  const blocks = values.length / blockSize;
  const bytes = new Uint8Array(blocks * blockBytes);
  for (let block = 0; block < blocks; block++) {
    quantizeBlock(
      values.subarray(block * blockSize, (block + 1) * blockSize),
      bytes.subarray(block * blockBytes, (block + 1) * blockBytes),
    );
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
