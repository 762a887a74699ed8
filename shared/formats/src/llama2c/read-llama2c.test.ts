/** @file Tests of reading llama2.c's files: what is written is read as the same; damaged files are refused. */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@arrowsmith/errors';
import { decoderConfig, initialWeights, type ModelParameters, type Weights } from '@arrowsmith/model';
import { decodeStored } from '@arrowsmith/quantization';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from '../differences.ts';
import { isLlama2c, openLlama2c } from './read-llama2c.ts';
import { readLlama2cTokenizer } from './read-tokenizer.ts';
import { writeLlama2c } from './write-llama2c.ts';
import { llama2cTokenizer } from './write-tokenizer.ts';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama2c-'));
  path = join(folder, 'model.bin');
});
afterAll(() => rmSync(folder, { recursive: true }));

const IDS = [5, 0, 1, 2, 3, 4];

function modelOf(parameters: Partial<ModelParameters> = {}) {
  const sizes = { family: 'llama3', hiddenSize: 8, layers: 2, heads: 2, kvHeads: 1, intermediateSize: 12 };
  const config = decoderConfig({ ...sizes, ...parameters } as ModelParameters, { vocabularySize: 6, contextLength: 4 });
  const weights = initialWeights(config, 1);
  for (const [i, { data }] of Object.values(weights).entries()) if (data[0] === 1) data.fill(1 + i / 10);
  return { config, weights, ids: IDS };
}

const read = (ids?: readonly number[]) => {
  const { config, names, read: one } = openLlama2c(path).model(ids);
  const weights: Weights = Object.fromEntries(
    names.map((name) => {
      const stored = one(name);
      return [name, { shape: [...stored.shape], data: decodeStored(stored) }];
    }),
  );
  return { config, weights };
};

test.each([{}, { tieWordEmbeddings: false }, { kvHeads: 2 }])(
  'version 0 is read as the same model: %o',
  async (changes) => {
    const model = modelOf(changes);
    await writeLlama2c(path, model, 'f32');
    const { config, weights } = read(IDS);
    expect(differences(config, model.config)).toEqual([]);
    expect(weights).toEqual(model.weights);
    expect(openLlama2c(path)).toMatchObject({ version: 0, vocabulary: 6 });
    // Without an order of ids, rows are those of the file.
    const row = (of: Weights, id: number) => of['model.embed_tokens.weight']!.data.subarray(8 * id, 8 * id + 8);
    expect(row(read().weights, 0)).toEqual(row(model.weights, 5));
  },
);

test('version 2 is read as integers times the scales of their groups', async () => {
  const model = modelOf({ tieWordEmbeddings: false });
  await writeLlama2c(path, model, 'int8');
  const { config, weights } = read(IDS);
  expect(differences(config, model.config)).toEqual([]);
  expect(openLlama2c(path).version).toBe(2);
  for (const [name, { data }] of Object.entries(model.weights)) {
    // A value is at most half a step from its own, and a step is a 127th of the largest: here of all, for less to be said.
    const step = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    const error = data.reduce((most, value, i) => Math.max(most, Math.abs(value - weights[name]!.data[i]!)), 0);
    expect(error, name).toBeLessThanOrEqual(name.endsWith('norm.weight') ? 0 : 0.5001 * step);
  }
});

test('version 1 has the norms first, then float32 matrices', async () => {
  const model = modelOf();
  await writeLlama2c(path, model, 'f32');
  // The same values in the other order: by hand, from where version 0 has them.
  const old = readFileSync(path);
  const [norms, wq, wk, wv, wo, network] = [16, 2 * 64, 2 * 32, 2 * 32, 2 * 64, 3 * 2 * 96];
  const parts: Buffer[] = [];
  let at = 28;
  for (const values of [48, norms, wq, wk, wv, wo, norms, network, 8]) {
    parts.push(old.subarray(at, at + 4 * values));
    at += 4 * values;
  }
  const [embeddings, before, q, k, v, o, behind, ffn, last] = parts as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  const header = Buffer.alloc(256);
  header.write('24ka', 'latin1');
  header.writeInt32LE(1, 4);
  old.copy(header, 8, 0, 28);
  header.writeUInt8(1, 36);
  writeFileSync(path, Buffer.concat([header, before, behind, last, embeddings, q, k, v, o, ffn]));
  expect(openLlama2c(path).version).toBe(1);
  expect(read(IDS).weights).toEqual(model.weights);
});

describe('a file is refused', () => {
  test.each(['f32', 'int8'] as const)('that is cut off at any byte, or longer by one: %s', async (precision) => {
    await writeLlama2c(path, modelOf(), precision);
    const whole = readFileSync(path);
    const takenFor: number[] = [];
    for (let length = whole.length - 1; length >= 0; length--) {
      truncateSync(path, length);
      expect(() => openLlama2c(path), `${length} bytes`).toThrow(UserError);
      if (isLlama2c(path)) takenFor.push(length);
    }
    // What has no magic is known by its size alone.
    expect(takenFor).toHaveLength(precision === 'int8' ? whole.length - 4 : 0);
    writeFileSync(path, Buffer.concat([whole, Buffer.of(0)]));
    expect(() => openLlama2c(path)).toThrow(/more at its end/);
  });

  test('whose sizes are none, or overflow', async () => {
    await writeLlama2c(path, modelOf(), 'f32');
    const whole = readFileSync(path);
    const [most, least] = [2 ** 31 - 1, -(2 ** 31)];
    for (let field = 0; field < 7; field++) {
      for (const value of [0, -1, 3, most, least]) {
        const file = Buffer.from(whole);
        file.writeInt32LE(value, 4 * field);
        writeFileSync(path, file);
        expect(() => openLlama2c(path), `${field}: ${value}`).toThrow(UserError);
      }
    }
    const all = Buffer.from(whole);
    for (let field = 0; field < 7; field++) all.writeInt32LE(field === 2 ? 4096 : 2 ** 30, 4 * field);
    writeFileSync(path, all);
    expect(() => openLlama2c(path)).toThrow(UserError);
  });

  test('of another version, or with groups that are none', async () => {
    await writeLlama2c(path, modelOf(), 'int8');
    const changed = (change: (file: Buffer) => void) => {
      const file = readFileSync(path);
      change(file);
      const other = join(folder, 'other.bin');
      writeFileSync(other, file);
      return () => openLlama2c(other);
    };
    expect(changed((file) => file.writeInt32LE(3, 4))).toThrow(/another version/);
    expect(changed((file) => file.writeInt32LE(0, 37))).toThrow(/groups of 1/);
    expect(changed((file) => file.writeInt32LE(7, 37))).toThrow(/groups of 7/);
    expect(changed((file) => file.writeUInt8(2, 36))).toThrow(/0 or 1/);
  });
});

describe('a tokenizer', () => {
  const tokens = ['a', '', '漢'].map((text, i) => ({ text: Buffer.from(text), score: -i }));

  test('is read as it was written', () => {
    writeFileSync(path, llama2cTokenizer(tokens));
    expect(readLlama2cTokenizer(path, 3)).toEqual(tokens);
  });

  test('that is cut off, or of more or fewer tokens, is refused; so are lengths that are none', () => {
    const whole = Buffer.from(llama2cTokenizer(tokens));
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => readLlama2cTokenizer(path, 3), `${length} bytes`).toThrow(UserError);
    }
    writeFileSync(path, whole);
    expect(() => readLlama2cTokenizer(path, 2)).toThrow(/bytes more/);
    expect(() => readLlama2cTokenizer(path, 2 ** 31)).toThrow(/2147483648 tokens/);
    for (const [at, value] of [
      [0, -1],
      [0, 2 ** 30],
      [8, -5],
      [8, 4],
    ] as const) {
      const file = Buffer.from(whole);
      file.writeInt32LE(value, at);
      writeFileSync(path, file);
      expect(() => readLlama2cTokenizer(path, 3)).toThrow(UserError);
    }
  });
});
