/** @file Tests of reading GGUF files: values of all types, and files that are damaged or made to do harm. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGguf } from './read-gguf.ts';
import { writeGguf } from './write-gguf.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gguf-'));
  path = join(folder, 'model.gguf');
});
afterAll(() => rmSync(folder, { recursive: true }));

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const uint64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);

interface Tensor {
  name?: string;
  dimensions?: (number | bigint)[];
  type?: number;
  offset?: number | bigint;
}

/** A file, byte by byte as the specification has it; by default of one tensor of four float32 numbers, at a multiple of 32 bytes. */
function fileOf({
  magic = 'GGUF',
  version = 3,
  tensors = [{}] as Tensor[],
  tensorCount = tensors.length as number | bigint,
  metadata = [] as Buffer[],
  keyCount = metadata.length as number | bigint,
  data = 32,
} = {}): Buffer {
  const header = Buffer.concat([
    Buffer.from(magic),
    uint32(version),
    uint64(tensorCount),
    uint64(keyCount),
    ...metadata,
    ...tensors.flatMap(({ name = 'a', dimensions = [4], type = 0, offset = 0 }) => [
      text(name),
      uint32(dimensions.length),
      ...dimensions.map(uint64),
      uint32(type),
      uint64(offset),
    ]),
  ]);
  return Buffer.concat([header, Buffer.alloc(Math.ceil(header.length / 32) * 32 - header.length + data)]);
}

function opened(file: Buffer) {
  writeFileSync(path, file);
  return openGguf(path);
}

/** A value of the metadata. */
const entry = (key: string, type: number, value: Buffer): Buffer => Buffer.concat([text(key), uint32(type), value]);

test('what is written is read: values by their types, tensors in row-major order, byte for byte', async () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer);
  const metadata = {
    text: { type: 'string', value: 'naïve' },
    size: { type: 'uint32', value: 4294967295 },
    offset: { type: 'int32', value: -5 },
    share: { type: 'float32', value: 0.5 },
    flag: { type: 'bool', value: true },
    texts: { type: 'array', of: 'string', value: ['', 'Ġa'] },
    none: { type: 'array', of: 'float32', value: [] },
  } as const;
  await writeGguf(path, {
    metadata,
    tensors: [
      { name: 'a', shape: [2, 3], format: 'f32', bytes },
      { name: 'b', shape: [1, 32], format: 'Q8_0', bytes: new Uint8Array(34).fill(9) },
    ],
  });
  const file = openGguf(path);
  expect(Object.fromEntries(file.metadata)).toEqual(
    Object.fromEntries(Object.entries(metadata).map(([key, { value }]) => [key, value])),
  );
  expect(file.read('a')).toEqual({ shape: [2, 3], format: 'f32', bytes });
  expect(file.read('b')).toEqual({ shape: [1, 32], format: 'Q8_0', bytes: new Uint8Array(34).fill(9) });
  expect(() => file.read('c')).toThrow(/no tensor c(.|\n)*a, b/);
});

test('values of the types that are never written here are read, too, and version 2', () => {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(Math.PI);
  const metadata = [
    entry('u8', 0, Buffer.of(200)),
    entry('i8', 1, Buffer.of(200)),
    entry('u16', 2, Buffer.of(1, 2)),
    entry('i16', 3, Buffer.of(255, 255)),
    entry('u64', 10, uint64(7)),
    entry('large', 10, uint64(2n ** 63n)),
    entry('i64', 11, uint64(2n ** 64n - 3n)),
    entry('f64', 12, double),
    entry('numbers', 9, Buffer.concat([uint32(10), uint64(2), uint64(5), uint64(6)])),
  ];
  const { metadata: read, version } = opened(fileOf({ version: 2, metadata }));
  expect(version).toBe(2);
  expect(Object.fromEntries(read)).toEqual({
    u8: 200,
    i8: -56,
    u16: 513,
    i16: -1,
    u64: 7,
    large: 2n ** 63n,
    i64: -3,
    f64: Math.PI,
    numbers: [5, 6],
  });
});

test('a file that is cut off at any byte is refused, and none takes long', async () => {
  const tensors = ['a', 'b'].map((name) => ({ name, shape: [3, 2], format: 'f32', bytes: new Uint8Array(24).fill(7) }));
  const metadata = {
    texts: { type: 'array', of: 'string', value: ['x', 'yz'] },
    size: { type: 'uint32', value: 5 },
  } as const;
  await writeGguf(path, { metadata, tensors });
  const whole = readFileSync(path);
  const end = openGguf(path).tensors.get('b')!.start + 24; // padding may be missing
  for (let length = 0; length < end; length++) {
    writeFileSync(path, whole.subarray(0, length));
    expect(() => openGguf(path), `${length} bytes`).toThrow(UserError);
  }
  expect(opened(whole.subarray(0, end)).tensors.size).toBe(2);
});

describe('a file is refused that', () => {
  const billions = 0xffffffffn;
  const array = (of: number, count: number | bigint) => entry('x', 9, Buffer.concat([uint32(of), uint64(count)]));
  test.each<[string, Buffer, RegExp]>([
    ['is something else', Buffer.from('PK\u0003\u0004 and more'), /no GGUF file(.|\n)*"PK/],
    ['is empty', Buffer.alloc(0), /no GGUF file/],
    ['is of version 1', fileOf({ version: 1 }), /version 2 or 3(.|\n)*version 1/],
    ['is big-endian', fileOf({ version: 0x03000000 }), /big-endian(.|\n)*gguf-convert-endian/],
    ['has billions of tensors', fileOf({ tensorCount: billions }), /4294967295 tensors/],
    ['has more tensors than numbers can tell', fileOf({ tensorCount: 2n ** 64n - 1n }), /below 2⁵³/],
    ['has billions of entries', fileOf({ keyCount: billions }), /4294967295 entries/],
    ['has an array of billions', fileOf({ metadata: [array(4, billions)] }), /4294967295 elements/],
    ['has an array of more than numbers can tell', fileOf({ metadata: [array(0, 2n ** 62n)] }), /below 2⁵³/],
    ['has an array of arrays', fileOf({ metadata: [array(9, 1)] }), /array of arrays/],
    ['has a key longer than the file', fileOf({ metadata: [uint64(billions)] }), /4294967295 bytes of a key/],
    ['has a long key', fileOf({ metadata: [entry('x'.repeat(2000), 4, uint32(1))] }), /at most 1024 bytes/],
    ['has a text longer than the file', fileOf({ metadata: [entry('x', 8, uint64(billions))] }), /4294967295 bytes of/],
    [
      'has a key that is no UTF-8',
      fileOf({ metadata: [Buffer.concat([uint64(1), Buffer.of(255), uint32(4), uint32(1)])] }),
      /UTF-8/,
    ],
    ['has a value of a type that is not known', fileOf({ metadata: [entry('x', 99, uint32(1))] }), /type 99/],
    ['has a flag that is neither', fileOf({ metadata: [entry('x', 7, Buffer.of(2))] }), /0 or 1/],
    ['has a key twice', fileOf({ metadata: [entry('x', 4, uint32(1)), entry('x', 4, uint32(2))] }), /"x" twice/],
    ['has a tensor twice', fileOf({ tensors: [{}, { offset: 32 }], data: 64 }), /"a" twice/],
    [
      'has tensors that overlap',
      fileOf({ tensors: [{ dimensions: [16] }, { name: 'b', offset: 32 }], data: 64 }),
      /overlap/,
    ],
    ['has a tensor beyond its end', fileOf({ tensors: [{ offset: 64 }] }), /ends beyond/],
    [
      'has a tensor at an offset that no file reaches',
      fileOf({ tensors: [{ offset: 2n ** 53n - 32n }] }),
      /size that numbers can tell/,
    ],
    ['has a tensor at an odd place', fileOf({ tensors: [{ offset: 4 }], data: 64 }), /a multiple of 32/],
    [
      'has a shape that overflows',
      fileOf({ tensors: [{ dimensions: [2 ** 40, 2 ** 40, 2 ** 40] }] }),
      /size that numbers can tell/,
    ],
    [
      'has a shape that comes to 0 by overflow',
      fileOf({ tensors: [{ dimensions: [2n ** 32n, 2n ** 32n] }] }),
      /size that numbers can tell/,
    ],
    ['has an empty dimension', fileOf({ tensors: [{ dimensions: [0] }] }), /1 or more/],
    ['has too many dimensions', fileOf({ tensors: [{ dimensions: [1, 1, 1, 1, 1] }] }), /at most 4 dimensions/],
    ['has a type that is not supported', fileOf({ tensors: [{ type: 23 }] }), /IQ4_XS(.|\n)*Q8_0 or Q4_K/],
    ['has a type that nobody knows', fileOf({ tensors: [{ type: 1234 }] }), /type 1234/],
    [
      'has rows of no whole blocks',
      fileOf({ tensors: [{ type: 8, dimensions: [33] }], data: 64 }),
      /multiple of 32 values/,
    ],
    [
      'has an alignment that is none',
      fileOf({ metadata: [entry('general.alignment', 4, uint32(24))] }),
      /power of two/,
    ],
    ['has no alignment', fileOf({ metadata: [entry('general.alignment', 4, uint32(0))] }), /power of two/],
  ])('%s', (_, file, message) => {
    expect(() => opened(file)).toThrow(UserError);
    expect(() => opened(file)).toThrow(message);
  });

  test('is a folder, or is not there', () => {
    expect(() => openGguf(folder)).toThrow(/a folder/);
    expect(() => openGguf(join(folder, 'no.gguf'))).toThrow(/no such file/);
  });
});

test('what a header claims takes no memory: of a gigabyte that has room for it, but is all zeros', () => {
  const claims = (count: number) => entry('x', 9, Buffer.concat([uint32(8), uint64(count)]));
  for (const file of [
    fileOf({ metadata: [claims(100_000_000)] }),
    fileOf({ tensorCount: 30_000_000 }),
    fileOf({ keyCount: 60_000_000 }),
  ]) {
    writeFileSync(path, file);
    truncateSync(path, 2 ** 30); // sparse: nothing is written
    const before = process.memoryUsage();
    expect(() => openGguf(path)).toThrow(/at most/);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(4 * 2 ** 20);
  }
});
