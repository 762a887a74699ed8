/**
 * @file GGUF's Q8_0 (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): 32 values with one scale.
 *
 *     34 bytes   0 scale (float16)   2 integers (int8)
 *     value = scale · integer
 */
import { halfAt, putHalf } from './bit-fields.ts';
import { blockFormat, type QuantizeBlock } from './number-format.ts';
import { inverseOf } from './q-0.ts';

const SIZE = 32;
const LARGEST = 127;

export const Q8_0 = blockFormat({
  name: 'Q8_0',
  blockSize: SIZE,
  blockBytes: 34,
  fallback: 'f16',
  dequantizeBlock(block, values) {
    const scale = halfAt(block, 0);
    for (let i = 0; i < SIZE; i++) values[i] = scale * ((block[2 + i]! << 24) >> 24);
  },
});

// In float32 like ggml, halves away from zero, to get its bits.
export const quantizeQ8: QuantizeBlock = (values, block) => {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const scale = Math.fround(largest / LARGEST);
  const inverse = inverseOf(scale);
  putHalf(scale, block, 0);
  for (const [i, value] of values.entries()) {
    const magnitude = Math.round(Math.abs(Math.fround(value * inverse)));
    block[2 + i] = value < 0 ? -magnitude : magnitude;
  }
};
