/** @file Tests of llama2.c's files: each value at the place where run.c and runq.c map it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLlama2c, writeLlama2c } from './write-llama2c.ts';
import { llama2cTokenizer } from './write-tokenizer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llama2c-'));
});
afterEach(() => rm(folder, { recursive: true }));

const configOf = (parameters: Partial<ModelParameters> = {}) =>
  decoderConfig(
    {
      family: 'llama3',
      hiddenSize: 8,
      layers: 2,
      heads: 2,
      kvHeads: 1,
      intermediateSize: 12,
      ...parameters,
    } as ModelParameters,
    { vocabularySize: 6, contextLength: 4 },
  );

async function write(parameters: Partial<ModelParameters>, precision: 'f32' | 'int8', ids = [0, 1, 2, 3, 4, 5]) {
  const config = configOf(parameters);
  const weights = initialWeights(config, 1);
  const path = join(folder, 'model.bin');
  await writeLlama2c(path, { config, weights, ids }, precision);
  return { weights, file: await readFile(path) };
}

const int32s = (file: Buffer, at: number, count: number) =>
  Array.from({ length: count }, (_, i) => file.readInt32LE(at + 4 * i));
const floats = (file: Buffer, at: number, count: number) =>
  Array.from({ length: count }, (_, i) => file.readFloatLE(at + 4 * i));

test('version 0 has sizes, then float32 in the order in which run.c maps it', async () => {
  const { weights, file } = await write({}, 'f32', [5, 0, 1, 2, 3, 4]);
  expect(int32s(file, 0, 7)).toEqual([8, 12, 2, 2, 1, 6, 4]);
  const embeddings = weights['model.embed_tokens.weight']!.data;
  expect(floats(file, 28, 16)).toEqual([...embeddings.subarray(40, 48), ...embeddings.subarray(0, 8)]);
  const [d, f, layers, kv, half] = [8, 12, 2, 4, 2];
  const places = { norms: 48, wq: 48 + 16, wk: 64 + 2 * d * d, wv: 64 + 2 * d * d + 2 * kv * d };
  expect(floats(file, 28 + 4 * places.norms, 16)).toEqual(Array.from({ length: 16 }, () => 1));
  // Of heads of 4, row 2 stands beside row 0, as both turn together.
  const queries = weights['model.layers.0.self_attn.q_proj.weight']!.data;
  expect(floats(file, 28 + 4 * (places.wq + d), d)).toEqual([...queries.subarray(2 * d, 3 * d)]);
  const values = weights['model.layers.1.self_attn.v_proj.weight']!.data;
  expect(floats(file, 28 + 4 * (places.wv + kv * d), kv * d)).toEqual([...values]);
  const tables = places.wv + layers * (kv * d + d * d + d + 3 * d * f) + d;
  const angles = [0, 1, 2, 3].flatMap((position) => [position, position / 100]); // 10000^(−2 i / 4)
  for (const [i, angle] of angles.entries()) {
    expect(floats(file, 28 + 4 * (tables + i), 1)[0]).toBeCloseTo(Math.cos(angle), 6);
    expect(floats(file, 28 + 4 * (tables + 4 * half + i), 1)[0]).toBeCloseTo(Math.sin(angle), 6);
  }
  expect(file.length).toBe(28 + 4 * (tables + 2 * 4 * half));
});

test('an output layer of its own makes the number of tokens negative, and comes last', async () => {
  const { weights, file } = await write({ tieWordEmbeddings: false }, 'f32');
  expect(int32s(file, 20, 1)).toEqual([-6]);
  expect(floats(file, file.length - 4 * 48, 48)).toEqual([...weights['lm_head.weight']!.data]);
});

test('version 2 has a header of 256 bytes, norms in float32, and int8 in groups with their scales', async () => {
  const { weights, file } = await write({ intermediateSize: 16 }, 'int8');
  expect(file.readUInt32LE(0).toString(16)).toBe('616b3432');
  expect(int32s(file, 4, 8)).toEqual([2, 8, 16, 2, 2, 1, 6, 4]);
  expect([file.readUInt8(36), file.readInt32LE(37)]).toEqual([1, 8]); // shared; groups of 8 divide 8 and 16
  expect(file.subarray(41, 256).every((byte) => byte === 0)).toBe(true);
  const embeddings = weights['model.embed_tokens.weight']!.data;
  const start = 256 + 4 * (2 + 2 + 1) * 8;
  for (let group = 0; group < 6; group++) {
    const own = embeddings.subarray(8 * group, 8 * group + 8);
    const scale = file.readFloatLE(start + 48 + 4 * group);
    expect(scale).toBeCloseTo(Math.max(...own.map(Math.abs)) / 127, 8);
    for (const [i, value] of own.entries()) {
      const found = file.readInt8(start + 8 * group + i) * scale;
      expect(Math.abs(found - value)).toBeLessThanOrEqual(scale * 0.5001); // half a step, but for float32
    }
  }
  const matrices = 6 * 8 + 2 * (2 * 8 * 8 + 2 * 4 * 8 + 3 * 8 * 16);
  expect(file.length).toBe(start + matrices + (4 * matrices) / 8);
});

test('a group of zeros has the scale 0, and no value that is none', async () => {
  const config = configOf({ intermediateSize: 16 });
  const weights = initialWeights(config, 1);
  weights['model.embed_tokens.weight']!.data.fill(0);
  const path = join(folder, 'model.bin');
  await writeLlama2c(path, { config, weights, ids: [0, 1, 2, 3, 4, 5] }, 'int8');
  const start = 256 + 4 * 5 * 8;
  expect((await readFile(path)).subarray(start, start + 48 + 24).every((byte) => byte === 0)).toBe(true);
});

test('what run.c does not compute is refused, with what holds it', () => {
  const refused = (parameters: Partial<ModelParameters>, pattern: RegExp) =>
    expect(() => checkLlama2c(configOf(parameters))).toThrow(pattern);
  refused({ ropeTheta: 500 }, /rope\.theta is 500, not 10000(.|\n)*format: gguf/);
  refused({ normEpsilon: 1e-6 }, /epsilon is 0.000001, not 0.00001/);
  refused({ headDim: 8 }, /headDim is 8, not 4/);
  refused({ attentionBias: true }, /bias is true, not false/);
  refused({ family: 'gemma3' }, /gemma3/);
  expect(() => checkLlama2c(configOf())).not.toThrow();
});

test('a tokenizer has the longest length, and of each token score, length and bytes', () => {
  const bytes = Buffer.from(
    llama2cTokenizer([
      { text: Buffer.from('é'), score: -3 },
      { text: new Uint8Array(), score: -1e30 },
    ]),
  );
  expect(bytes.readInt32LE(0)).toBe(2);
  expect([bytes.readFloatLE(4), bytes.readInt32LE(8)]).toEqual([-3, 2]);
  expect(bytes.subarray(12, 14).toString()).toBe('é');
  expect([bytes.readFloatLE(14), bytes.readInt32LE(18), bytes.length]).toEqual([Math.fround(-1e30), 0, 22]);
});
