/**
 * @file The sums of what each format's reference makes of the values of `fake-quantize.test.cc`, which its table is:
 * `node --import tsx scripts/parity/fake-quantize.ts`.
 */
import { numberFormats } from '@arrowsmith/quantization/formats';
import { nearestValues } from '@arrowsmith/quantization/fake-quantization';

const COLUMNS = 256;
const ROWS = 37;

/** The same numbers as in the test: exact, whatever computes them. */
function values(): Float32Array {
  let state = 7;
  return Float32Array.from({ length: ROWS * COLUMNS }, (_, i) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return ((state >> 8) / 2 ** 27) * (i % 97 === 0 ? 8 : 1);
  });
}

/** FNV-1a of 32 bits (https://www.rfc-editor.org/rfc/rfc9923). */
function sumOf(floats: Float32Array): number {
  const bytes = new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
  return bytes.reduce((sum, byte) => Math.imul(sum ^ byte, 16_777_619), 2_166_136_261 | 0) >>> 0;
}

for (const format of numberFormats.keys())
  console.log(
    `0x${sumOf(nearestValues(format, values(), COLUMNS))
      .toString(16)
      .padStart(8, '0')} ${format}`,
  );
