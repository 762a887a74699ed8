import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '@arrowsmith/errors';
import { bytesOfShape, dtypes } from './dtypes.ts';
import { openSafetensors, type TensorSource } from './read-safetensors.ts';
import { float32Tensor, int32Tensor, toFloat32, toInt32, type StoredTensor } from './stored-tensor.ts';
import { writeSafetensors } from './write-safetensors.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
const path = (name: string) => join(folder, name);

/** Written by safetensors' own implementation: scripts/parity/tensor-types.py. */
const REFERENCE = 'test/fixtures/tensor-types.safetensors';

const FLOATS = [0, -0, 1, -2.5, 65504, 2 ** -24, 2 ** -14, 0.333251953125, Infinity, -Infinity, NaN];

/** An object without a prototype: a tensor may be named `__proto__`. */
async function allOf(source: TensorSource): Promise<Record<string, StoredTensor>> {
  const tensors = Object.create(null) as Record<string, StoredTensor>;
  for (const name of source.tensors.keys()) tensors[name] = await source.read(name);
  return tensors;
}

describe('a file of the reference implementation', () => {
  test('has its names, types, shapes and metadata', async () => {
    const { tensors, metadata } = await openSafetensors(REFERENCE);
    expect(metadata).toEqual({ format: 'pt' });
    expect(tensors.size).toBe(21);
    expect(tensors.get('matrix')).toMatchObject({ dtype: 'F32', shape: [2, 3] });
    expect(tensors.get('empty')).toMatchObject({ dtype: 'F32', shape: [2, 0, 3] });
    expect(tensors.get('scalar')).toMatchObject({ dtype: 'F32', shape: [] });
    expect(tensors.get('quo"te \\ \n')).toMatchObject({ dtype: 'F32', shape: [1] });
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set(dtypes));
  });

  test.each(['f32', 'f64', 'f16'])('has these numbers as %s', async (name) => {
    expect(Array.from(await (await openSafetensors(REFERENCE)).readFloat32(name))).toEqual(FLOATS);
  });

  test('has them rounded to 8 bits as bf16', async () => {
    const rounded = FLOATS.map((value) => (value === 65504 ? 65536 : value === 0.333251953125 ? 0.333984375 : value));
    expect(Array.from(await (await openSafetensors(REFERENCE)).readFloat32('bf16'))).toEqual(rounded);
  });

  test.each(['F16', 'BF16'] as const)('has the same bits as float32 rounded to %s', async (dtype) => {
    const { bytes } = await (await openSafetensors(REFERENCE)).read(dtype.toLowerCase());
    expect(float32Tensor([FLOATS.length], Float32Array.from(FLOATS), dtype).bytes).toEqual(bytes);
  });

  test.each([
    ['bool', [1, 0, 1]],
    ['u8', [0, 255, 7]],
    ['i8', [-128, 127, -1]],
    ['u16', [0, 65535]],
    ['i16', [-32768, 32767, -2]],
    ['u32', [0, 2 ** 31 - 1]],
    ['i32', [-(2 ** 31), 2 ** 31 - 1, -3]],
    ['u64', [0, 2 ** 31 - 1]],
    ['i64', [-(2 ** 31), 2 ** 31 - 1, -4]],
  ])('has these integers as %s', async (name, integers) => {
    expect(Array.from(await (await openSafetensors(REFERENCE)).readInt32(name))).toEqual(integers);
  });

  test('is written again with the same bytes', async () => {
    const source = await openSafetensors(REFERENCE);
    await writeSafetensors(path('again.safetensors'), await allOf(source), source.metadata);
    expect(readFileSync(path('again.safetensors'))).toEqual(readFileSync(REFERENCE));
  });

  test('has no tensor of another name, no floats in integers, no integers in floats, and none that is cut', async () => {
    const source = await openSafetensors(REFERENCE);
    await expect(source.read('f31')).rejects.toThrow(/no tensor f31.*\n.*tensor-types[^]*u64.*13 more/);
    await expect(source.readFloat32('i64')).rejects.toThrow(/wrong type[^]*tensor i64[^]*F16, BF16, F32, F64[^]*I64/);
    await expect(source.readInt32('bf16')).rejects.toThrow(/wrong type[^]*tensor bf16[^]*integers[^]*BF16/);
    await expect(source.readInt32('i64.large')).rejects.toThrow(/no place in 32 bits[^]*9007199254740993 at element 1/);
  });
});

describe('a written file', () => {
  const name = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom('model.embed_tokens.weight', '__proto__', 'toString'),
  );
  const tensor: fc.Arbitrary<StoredTensor> = fc
    .tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }))
    .chain(([dtype, shape]) => {
      const length = bytesOfShape(dtype, shape);
      return fc
        .uint8Array({ minLength: length, maxLength: length })
        .map((bytes): StoredTensor => ({ dtype, shape, bytes: Uint8Array.from(bytes) }));
    });

  test('gives back every tensor and text, each aligned, and the same bytes in whatever order they come', async () => {
    const named = fc.uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 });
    const file = path('property.safetensors');
    await fc.assert(
      fc.asyncProperty(named, fc.dictionary(name, fc.string()), async (entries, metadata) => {
        const tensors = Object.setPrototypeOf(Object.fromEntries(entries), null) as Record<string, StoredTensor>;
        await writeSafetensors(file, tensors, metadata);
        const written = readFileSync(file);
        const source = await openSafetensors(file);
        expect(source.metadata).toEqual(metadata);
        expect(new Map(Object.entries(await allOf(source)))).toEqual(new Map(Object.entries(tensors)));
        expect(written.readBigUInt64LE() % 8n).toBe(0n);
        const reversed = Object.setPrototypeOf(Object.fromEntries(entries.toReversed()), null);
        await writeSafetensors(file, reversed as Record<string, StoredTensor>, metadata);
        expect(readFileSync(file)).toEqual(written);
      }),
      { seed: 1, numRuns: 30 },
    );
  });

  test('shares no bytes with its neighbours when a tensor is a part of a larger array', async () => {
    const data = Float32Array.of(1, 2, 3, 4);
    await writeSafetensors(path('part.safetensors'), {
      half: float32Tensor([2], data.subarray(1, 3)),
      ids: int32Tensor([2], Int32Array.of(7, 8, 9).subarray(1)),
    });
    const source = await openSafetensors(path('part.safetensors'));
    expect(await source.readFloat32('half')).toEqual(Float32Array.of(2, 3));
    expect(await source.readInt32('ids')).toEqual(Int32Array.of(8, 9));
  });

  test('numbers are read where bytes do not lie on a multiple of their size', () => {
    const bytes = new Uint8Array(9);
    bytes.set(new Uint8Array(Float32Array.of(1.5, -2).buffer), 1);
    expect(toFloat32({ dtype: 'F32', shape: [2], bytes: bytes.subarray(1) })).toEqual(Float32Array.of(1.5, -2));
    expect(toInt32({ dtype: 'I64', shape: [1], bytes: bytes.subarray(1).fill(0) })).toEqual(Int32Array.of(0));
  });

  test('does not come to be where a tensor does not fill its shape, or has the name of the metadata', async () => {
    const wrong = { a: float32Tensor([3], Float32Array.of(1, 2)) };
    await expect(writeSafetensors(path('wrong'), wrong)).rejects.toThrow(/a: 8 bytes for F32 \[3\]/);
    const reserved = { __metadata__: float32Tensor([1], Float32Array.of(1)) };
    await expect(writeSafetensors(path('wrong'), reserved)).rejects.toThrow(/no tensor can be named __metadata__/);
    await expect(openSafetensors(path('wrong'))).rejects.toThrow(/no such file/);
  });
});

describe('bad input', () => {
  /** A file of this header and that many bytes of data. */
  function file(header: unknown, dataBytes = 0): string {
    const json = typeof header === 'string' ? Buffer.from(header) : Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(json.byteLength));
    writeFileSync(path('bad.safetensors'), Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
    return path('bad.safetensors');
  }
  const f32 = (start: number, end: number, shape = [(end - start) / 4]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [start, end],
  });

  test.each<[string, unknown, number, RegExp]>([
    ['overlapping tensors', { a: f32(0, 8), b: f32(4, 12) }, 12, /tensors that overlap[^]*b after a/],
    ['one place for two tensors', { a: f32(0, 8), b: f32(0, 8) }, 8, /tensors that overlap[^]*b after a/],
    ['a gap', { a: f32(0, 8), b: f32(12, 16) }, 16, /belong to no tensor[^]*4 bytes between a and b/],
    ['a gap before the first', { a: f32(4, 8) }, 8, /belong to no tensor[^]*4 bytes between the header and a/],
    ['bytes after the last', { a: f32(0, 4) }, 9, /belong to no tensor[^]*5 bytes after a/],
    [
      'a tensor beyond the end',
      { a: f32(0, 4), b: f32(4, 12) },
      8,
      /tensor b ends beyond the file, which is truncated/,
    ],
    ['offsets the wrong way round', { a: f32(8, 4, [1]) }, 8, /tensor a does not fill its shape/],
    ['a shape of another size', { a: f32(0, 8, [3]) }, 8, /does not fill its shape[^]*12 bytes for F32 \[3\]/],
    ['a shape beyond all numbers', { a: f32(0, 8, [2 ** 52, 2 ** 52]) }, 8, /does not fill its shape/],
    ['negative offsets', { a: f32(-4, 4) }, 4, /tensor a is described wrongly/],
    ['offsets that are not integers', { a: { ...f32(0, 4), data_offsets: [0, 4.5] } }, 4, /described wrongly/],
    ['no shape', { a: { dtype: 'F32', data_offsets: [0, 4] } }, 4, /tensor a is described wrongly/],
    ['a tensor that is a number', { a: 1 }, 0, /tensor a is described wrongly/],
    ['an unknown type', { a: { ...f32(0, 4), dtype: 'F8_E4M3' } }, 4, /not known[^]*BF16[^]*F8_E4M3[^]*convert/],
    ['a type that objects have', { a: { ...f32(0, 4), dtype: 'toString' } }, 4, /type that is not known/],
    ['numbers as metadata', { __metadata__: { epoch: 1 } }, 0, /wrong __metadata__[^]*\{"epoch":1\}/],
    ['a text as metadata', { __metadata__: 'pt' }, 0, /wrong __metadata__/],
    ['a list as metadata', { __metadata__: [] }, 0, /wrong __metadata__/],
    ['a byte order mark', '\ufeff{}', 0, /not a safetensors file/],
    ['a list as header', [], 0, /not a safetensors file[^]*tensors by name/],
    ['no JSON', '{"a":', 0, /not a safetensors file[^]*header of JSON/],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]).toString('latin1'), 0, /not a safetensors file/],
    ['a name twice', `{"a":${JSON.stringify(f32(0, 4))}, "\\u0061" :${JSON.stringify(f32(0, 4))}}`, 4, /"a" twice/],
  ])('%s', async (_, header, dataBytes, message) => {
    const bad = file(header, dataBytes);
    await expect(openSafetensors(bad)).rejects.toThrow(UserError);
    await expect(openSafetensors(bad)).rejects.toThrow(message);
  });

  test('a name in a text or in a tensor is no second tensor', async () => {
    const { tensors } = await openSafetensors(
      file({ 'a":"b': f32(0, 4), __metadata__: { a: '"a": 1, "a": 2' }, a: f32(4, 8) }, 8),
    );
    expect([...tensors.keys()]).toEqual(['a":"b', 'a']);
  });

  test('spaces after the header are allowed, as is a file without tensors', async () => {
    expect((await openSafetensors(file('{}     '))).tensors.size).toBe(0);
  });

  test('a header of more than 100 MB is refused before it is read', async () => {
    const claims = Buffer.alloc(20);
    for (const length of [100_000_001n, 2n ** 63n, 2n ** 64n - 1n]) {
      claims.writeBigUInt64LE(length);
      writeFileSync(path('large'), claims);
      await expect(openSafetensors(path('large'))).rejects.toThrow(/not a safetensors file[^]*at most 100000000 bytes/);
    }
  });

  test('a file cut anywhere is an error that a person can read', async () => {
    const cut = path('cut.safetensors');
    for (let bytes = 0; bytes < readFileSync(REFERENCE).byteLength; bytes += 7) {
      writeFileSync(cut, readFileSync(REFERENCE));
      truncateSync(cut, bytes);
      await expect(openSafetensors(cut)).rejects.toThrow(UserError);
    }
  });

  test('a file that is cut after it was opened is an error where its tensor is read', async () => {
    writeFileSync(path('shrinking'), readFileSync(REFERENCE));
    const source = await openSafetensors(path('shrinking'));
    truncateSync(path('shrinking'), 1500);
    await expect(source.read('u64')).resolves.toMatchObject({ dtype: 'U64' });
    await expect(source.read('bool')).rejects.toThrow(/became shorter while it was read/);
  });

  test('a missing file and a folder are named', async () => {
    await expect(openSafetensors(path('nothing'))).rejects.toThrow(/cannot read .*nothing[^]*no such file/);
    await expect(openSafetensors(folder)).rejects.toThrow(/cannot read [^]*a folder/);
  });
});

test('a name of megabytes makes no message of megabytes', async () => {
  const header = Buffer.from(
    JSON.stringify({ ['x'.repeat(1e6)]: { dtype: 'y'.repeat(1e6), shape: [1], data_offsets: [0, 4] } }),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path('long-names.safetensors'), Buffer.concat([length, header, Buffer.alloc(4)]));
  const error: unknown = await openSafetensors(path('long-names.safetensors')).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).message.length).toBeLessThan(1000);
});
