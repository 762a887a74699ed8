/** @file Tests of weights in several files: as many as the limit makes, and read as the same. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWeights } from './open-weights.ts';
import { float32Tensor } from './stored-tensor.ts';
import { writeShards } from './write-shards.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shards-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Of 40, 40, 100, 40 and 80 bytes. */
const tensors = Object.fromEntries(
  [10, 10, 25, 10, 20].map((values, i) => [`t${i}`, float32Tensor([values], new Float32Array(values).fill(i))]),
);

test.each([
  [1000, [['t0', 't1', 't2', 't3', 't4']]],
  [300, [['t0', 't1', 't2', 't3', 't4']]],
  [299, [['t0', 't1', 't2', 't3'], ['t4']]],
  [120, [['t0', 't1'], ['t2'], ['t3', 't4']]],
  [80, [['t0', 't1'], ['t2'], ['t3'], ['t4']]],
  [1, [['t0'], ['t1'], ['t2'], ['t3'], ['t4']]],
])('files of at most %i bytes of tensors have %j', async (most, expected) => {
  const files = await writeShards(folder, tensors, most);
  expect(readdirSync(folder).sort()).toEqual([...files].sort());
  const shards = files.filter((file) => file.endsWith('.safetensors'));
  expect(shards).toHaveLength(expected.length);
  const index =
    shards.length === 1
      ? undefined
      : (JSON.parse(readFileSync(join(folder, 'model.safetensors.index.json'), 'utf8')) as {
          metadata: object;
          weight_map: Record<string, string>;
        });
  const found = shards.map((file) => Object.keys(tensors).filter((name) => (index?.weight_map[name] ?? file) === file));
  expect(found).toEqual(expected);
  expect(index?.metadata ?? { total_size: 300 }).toEqual({ total_size: 300 });
  const source = await openWeights(folder);
  for (const [name, { bytes }] of Object.entries(tensors)) expect((await source.read(name)).bytes).toEqual(bytes);
  for (const [i, file] of shards.entries()) {
    const ofTensors = expected[i]!.reduce((sum, name) => sum + tensors[name]!.bytes.byteLength, 0);
    expect(statSync(join(folder, file)).size).toBeGreaterThan(ofTensors);
  }
});
