/**
 * @file How rows are rotated, as bytes of a file, little-endian: u32 numbers of a head, i32 of each row its position less that of the row before, less 1
 * (so that a text is zeros), f64 the angle per position of each pair.
 */
import { rotaryBytes } from './container.ts';
import type { Rotary } from './rotation.ts';

export function writeRotary({ positions, headDim, frequencies }: Rotary): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(rotaryBytes(positions.length, frequencies.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, headDim, true);
  let at = 4;
  for (let row = 0, next = 0; row < positions.length; row++, at += 4) {
    view.setInt32(at, positions[row]! - next, true);
    next = positions[row]! + 1;
  }
  for (let pair = 0; pair < frequencies.length; pair++, at += 8) view.setFloat64(at, frequencies[pair]!, true);
  return bytes;
}

/** @returns undefined where rows are not a whole number of heads that have so many pairs */
export function readRotary(
  bytes: Uint8Array,
  { rows, columns, pairs }: { rows: number; columns: number; pairs: number },
  interleaved: boolean,
): Rotary | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headDim = view.getUint32(0, true);
  if (headDim < 2 * pairs || columns % headDim !== 0) return undefined;
  const positions = new Int32Array(rows);
  let at = 4;
  for (let row = 0, next = 0; row < rows; row++, at += 4) {
    positions[row] = next + view.getInt32(at, true);
    next = positions[row]! + 1;
  }
  const frequencies = Float64Array.from({ length: pairs }, (_, pair) => view.getFloat64(at + 8 * pair, true));
  return { positions, headDim, frequencies, interleaved };
}
