/**
 * @file GGUF's Q8_0 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): 32 values with one scale.
 *
 *     34 bytes   0 scale (float16)   2 integers (int8)
 *     value = scale · integer
 */
import { halfAt, putHalf, roundToHalf } from './bit-fields.ts';
import { blockFormat, type BlockQuantizer } from './number-format.ts';
import { inverseOf } from './q-0.ts';

const SIZE = 32;
const LARGEST = 127;

export const Q8_0 = blockFormat({
  name: 'Q8_0',
  blockSize: SIZE,
  blockBytes: 34,
  fallback: 'f16',
  dequantizeBlock(block, values) {
    const unit = halfAt(block, 0);
    for (let i = 0; i < SIZE; i++) values[i] = unit * ((block[2 + i]! << 24) >> 24);
  },
});

const integers = new Int8Array(SIZE);
let [scale, inverse, step] = [0, 0, 0];

/** In float32 like ggml, halves away from zero, to get its bits. Values are of the same importance, whatever is said of it. */
export const quantizerQ8: BlockQuantizer = {
  fit(values) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    scale = Math.fround(largest / LARGEST);
    inverse = inverseOf(scale);
    step = roundToHalf(scale);
  },
  round(i, value) {
    const magnitude = Math.min(LARGEST, Math.round(Math.abs(Math.fround(value * inverse))));
    integers[i] = value < 0 ? -magnitude : magnitude;
    return step * integers[i]!;
  },
  write(block) {
    putHalf(scale, block, 0);
    block.set(new Uint8Array(integers.buffer), 2);
  },
};
