/** @file Tests of GGUF files, by the specification of the format. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseGguf } from '../testing/parse-gguf.ts';
import { writeGguf, type GgufMetadata, type GgufTensor } from './write-gguf.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gguf-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function written(metadata: GgufMetadata, tensors: readonly GgufTensor[]): Promise<Buffer> {
  const path = join(folder, 'model.gguf');
  await writeGguf(path, { metadata, tensors });
  return readFile(path);
}

const values = (...numbers: number[]): Uint8Array => new Uint8Array(Float32Array.from(numbers).buffer);

test('values have the types that they are said to have', async () => {
  const metadata: GgufMetadata = {
    text: { type: 'string', value: 'naïve' },
    size: { type: 'uint32', value: 4294967295 },
    offset: { type: 'int32', value: -5 },
    share: { type: 'float32', value: 0.1 },
    flag: { type: 'bool', value: true },
    texts: { type: 'array', of: 'string', value: ['', 'Ġa'] },
    flags: { type: 'array', of: 'bool', value: [true, false] },
    counts: { type: 'array', of: 'int32', value: [3, -1] },
    none: { type: 'array', of: 'float32', value: [] },
  };
  const parsed = parseGguf(await written(metadata, []));
  expect(parsed.version).toBe(3);
  expect(parsed.metadata).toEqual({
    ...Object.fromEntries(Object.entries(metadata).map(([key, { value }]) => [key, value])),
    share: Math.fround(0.1),
  });
  expect(parsed.types).toMatchObject({ text: [8], size: [4], offset: [5], share: [6], flag: [7], texts: [9, 8] });
});

test('tensors begin at multiples of 32 bytes, with their dimensions from the shortest stride on', async () => {
  const file = await written({}, [
    { name: 'a', shape: [2, 3], format: 'f32', bytes: values(1, 2, 3, 4, 5, 6) },
    { name: 'b', shape: [1], format: 'f32', bytes: values(7) },
    { name: 'c', shape: [1, 32], format: 'Q8_0', bytes: new Uint8Array(34).fill(9) },
  ]);
  const { tensors, bytes } = parseGguf(file);
  expect([...tensors].map(([name, { dimensions, type, offset }]) => [name, dimensions, type, offset])).toEqual([
    ['a', [3, 2], 0, 0],
    ['b', [1], 0, 32],
    ['c', [32, 1], 8, 64],
  ]);
  expect(tensors.get('b')!.rest.readFloatLE()).toBe(7);
  expect(
    tensors
      .get('c')!
      .rest.subarray(0, 34)
      .every((byte) => byte === 9),
  ).toBe(true);
  expect(bytes % 32).toBe(0);
});

test('equal content gives equal bytes; a format that ggml has not is an error', async () => {
  const tensors: GgufTensor[] = [{ name: 'a', shape: [1], format: 'bf16', bytes: new Uint8Array(2) }];
  expect(await written({}, tensors)).toEqual(await written({}, tensors));
  await expect(written({}, [{ ...tensors[0]!, format: 'int8' }])).rejects.toThrow('no format int8');
});
