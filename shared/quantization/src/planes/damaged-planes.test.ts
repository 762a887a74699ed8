/** @file Tests of files of planes that are cut off, damaged, or made to harm: a clear error, and no memory for what they claim. */
import { crc32 } from 'node:zlib';
import { compress } from '@foxglove/wasm-zstd';
import { UserError } from '@arrowsmith/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileInMemory, type PlanesCodec, planesCodec } from './codec.ts';

const of = { format: 'bf16', rows: 12, columns: 40 };
let codec: PlanesCodec;
let plain: Uint8Array;
let clustered: Uint8Array;
let rotated: Uint8Array;
beforeAll(async () => {
  codec = await planesCodec();
  const numbers = Uint16Array.from({ length: 480 }, (_, i) => 0x3f80 + ((i * 7919) % 97) + 0x8000 * (i % 2));
  numbers.copyWithin(40, 0, 40); // a row that is there twice
  plain = codec.encode(of, new Uint8Array(numbers.buffer));
  // Two rows, again and again.
  const repeated = numbers.map((_, i) => numbers[40 + (i % 80)]!);
  const tokens = Array.from({ length: 12 }, (_, row) => row % 2);
  clustered = codec.encode(of, new Uint8Array(repeated.buffer), { tokens });
  const positions = tokens.map(() => 3);
  const rotary = { positions, headDim: 10, frequencies: [1, 0.5, 0.25], interleaved: false };
  rotated = codec.encode(of, new Uint8Array(repeated.buffer), { tokens, rotary });
});

const decode = (file: Uint8Array, expected = of) => codec.decode(expected, fileInMemory(file, 'weights.arrow, q'));

function errorOf(file: Uint8Array, expected = of): UserError {
  try {
    decode(file, expected);
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('the file was read');
}

const u32 = (file: Uint8Array, at: number) => new DataView(file.buffer, file.byteOffset).getUint32(at, true);

/** A file with other bytes, and with the checksums that go with them; `tables` bytes of tables. */
function forged(file: Uint8Array, change: (view: DataView, copy: Uint8Array) => void, tables: number): Uint8Array {
  const copy = file.slice();
  const view = new DataView(copy.buffer);
  change(view, copy);
  view.setUint32(20, crc32(copy.subarray(24, 24 + tables), crc32(copy.subarray(0, 20))), true);
  return copy;
}

/** Of one segment each: signs, heads, seven planes. */
const TABLES = 9 * 8;

/** A file of 12 × 40 numbers of these segments. */
function fileOf(segments: readonly Uint8Array[], sizes = segments.map(({ length }) => length)): Uint8Array {
  const body = Buffer.concat(segments);
  const file = new Uint8Array(24 + TABLES + body.length);
  file.set(plain.subarray(0, 20));
  file[6] = 0; // no bases
  file.set(body, 24 + TABLES);
  return forged(
    file,
    (view) => {
      segments.forEach((segment, i) => {
        view.setUint32(24 + 8 * i, crc32(segment), true);
        view.setUint32(28 + 8 * i, sizes[i]!, true);
      });
    },
    TABLES,
  );
}

/** The index of two rows that come again and again, with another entry. */
const indexWith = (row: number, entry: number): number[] =>
  Array.from({ length: 12 }, (_, i) => (i === row ? entry : i < 2 ? 0 : 1 + (i % 2)));

/** Of all parts, each of one segment: so many, and maybe bases. */
function bodyBytes(file: Uint8Array, least: number): number {
  const parts = least + (file[6]! & 1);
  return Array.from({ length: parts }, (_, i) => u32(file, 28 + 8 * i)).reduce((sum, each) => sum + each, 0);
}

const planes = (count: number) => Array.from({ length: count }, () => new Uint8Array(60));

describe('a file that is not what it was', () => {
  test.each(['plain', 'clustered', 'rotated'] as const)(
    'is refused when it is cut off after any of its bytes: %s',
    (kind) => {
      const file = { plain, clustered, rotated }[kind];
      expect(file.length).toBeGreaterThan(100);
      for (let length = 0; length < file.length; length++) {
        expect(errorOf(file.subarray(0, length)).message).toMatch(/weights.arrow, q[^]*bytes/);
      }
      expect(errorOf(Buffer.concat([file, new Uint8Array(1)])).message).toContain(`${file.length} bytes`);
    },
  );

  test.each(['plain', 'clustered', 'rotated'] as const)('is refused when any of its bits is another: %s', (kind) => {
    const file = { plain, clustered, rotated }[kind];
    for (let i = 0; i < file.length; i++) {
      const other = file.slice();
      other[i]! ^= 1 << (i % 8);
      expect(errorOf(other).message).toMatch(/numbers in planes cannot be read/);
    }
  });

  test('is refused when any byte of its header is another, and checksums go with it', () => {
    for (const at of [0, 3, 4, 5, 6, 7, 8, 11, 12, 15, 16, 19]) {
      const file = forged(plain, (_, copy) => (copy[at]! ^= 0x41), TABLES);
      expect(errorOf(file).message).toMatch(/numbers in planes cannot be read/);
    }
  });

  test('is refused where other numbers are expected, and says which it has', () => {
    expect(errorOf(plain, { ...of, rows: 13 }).message).toMatch(/13 × 40 numbers of bf16[^]*12 × 40 of bf16/);
    expect(errorOf(plain, { ...of, format: 'f16' }).message).toMatch(/12 × 40 numbers of f16[^]*12 × 40 of bf16/);
  });
});

describe('a file that was made to harm', () => {
  test('without changes such a file is read', () => {
    expect(decode(fileOf([new Uint8Array(60), new Uint8Array(480), ...planes(7)])).length).toBe(960);
  });

  test('with a frame that becomes a thousand times as much is refused by the room that it has', () => {
    const bomb = compress(new Uint8Array(64_000_000), 19);
    expect(bomb.length).toBeGreaterThan(480);
    // Cut to a size that a segment may have: whatever a frame says of its content, there is room for 480 bytes.
    for (const content of [481, 100_000, 10_000_000]) {
      const frame = compress(new Uint8Array(content), 19);
      const segments = [new Uint8Array(60), frame.subarray(0, 479), ...planes(7)];
      expect(errorOf(fileOf(segments)).message).toMatch(
        /a frame of Zstandard with 480 bytes in segment 0 of part head/,
      );
    }
    expect(errorOf(fileOf([new Uint8Array(60), bomb, ...planes(7)])).message).toMatch(/1 to 480 bytes[^]*head/);
  });

  test('with a frame that becomes less is refused', () => {
    const segments = [new Uint8Array(60), compress(new Uint8Array(479), 3), ...planes(7)];
    expect(errorOf(fileOf(segments)).message).toMatch(/a frame of 479 bytes, not 480/);
  });

  test.each([0, 61, 0x7fffffff, 0xffffffff])('with a segment of %i bytes is refused', (size) => {
    const segments = [new Uint8Array(60), new Uint8Array(480), ...planes(7)];
    const sizes = segments.map(({ length }, i) => (i === 3 ? size : length));
    expect(errorOf(fileOf(segments, sizes)).message).toMatch(/1 to 60 bytes for segment 0 of the plane of bit 5/);
  });

  test('takes no memory for the numbers that it claims to have', () => {
    const huge = { format: 'bf16', rows: 0xffffffff, columns: 0xffff };
    const sizes = (view: DataView) => {
      view.setUint32(8, huge.rows, true);
      view.setUint32(12, huge.columns, true);
      view.setUint32(16, huge.rows, true);
    };
    const before = process.memoryUsage().arrayBuffers;
    expect(errorOf(forged(plain, sizes, TABLES), huge).message).toMatch(/bytes of header and tables/);
    // With one distinct row, the tables of planes are small; that of the index is not.
    const oneRow = forged(clustered, (view) => (sizes(view), view.setUint32(16, 1, true)), TABLES);
    expect(errorOf(oneRow, huge).message).toMatch(/bytes of header and tables/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
  });

  test.each([
    ['less than its pairs', 5],
    ['no divisor of the columns', 7],
    ['nothing', 0],
    ['as much as there is', 0xffffffff],
  ])('whose heads are of %s is refused', (_, headDim) => {
    const tables = rotated.length - 24 - bodyBytes(rotated, 11);
    const begin = 24 + tables + u32(rotated, 28);
    const [at, old] = [24 + 8, u32(rotated, 24 + 12)];
    const bytes = new Uint8Array(4 + 4 * 12 + 8 * 3);
    new DataView(bytes.buffer).setUint32(0, headDim, true);
    const other = Buffer.concat([rotated.subarray(0, begin), bytes, rotated.subarray(begin + old)]);
    const file = forged(
      new Uint8Array(other),
      (view) => {
        view.setUint32(at, crc32(bytes), true);
        view.setUint32(at + 4, bytes.length, true);
      },
      tables,
    );
    expect(errorOf(file).message).toMatch(/heads of 40 columns with 3 pairs/);
  });

  test('whose index names rows that are not there is refused', () => {
    expect(u32(clustered, 16)).toBe(2);
    const tables = clustered.length - 24 - bodyBytes(clustered, 10);
    const begin = 24 + tables;
    for (const index of [
      indexWith(0, 1),
      indexWith(1, 2),
      indexWith(1, 1),
      indexWith(2, 0),
      indexWith(2, 3),
      indexWith(11, 13),
      indexWith(5, 0xffffffff),
    ]) {
      const bytes = new Uint8Array(Uint32Array.from(index).buffer);
      const old = u32(clustered, 28);
      const longer = Buffer.concat([clustered.subarray(0, begin), bytes, clustered.subarray(begin + old)]);
      const file = forged(
        new Uint8Array(longer),
        (view) => {
          view.setUint32(24, crc32(bytes), true);
          view.setUint32(28, bytes.length, true);
        },
        tables,
      );
      expect(errorOf(file).message).toMatch(/an index of 2 distinct rows/);
    }
  });
});
