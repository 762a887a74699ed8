/** @file Tests of models whose tokens are in another order: llama2.c's, by the tokenizer.bin beside them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { textBatches, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { exportLlama2c } from '@arrowsmith/export';
import { llama2cTokenizer } from '@arrowsmith/formats';
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { decodeStored, storeFloat32 } from '@arrowsmith/quantization';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openForeignModel, readForeignTokenizer } from './open-model.ts';
import { recognizeModel } from './recognize-model.ts';

const END = '<|endoftext|>';
const sizes = { family: 'llama3', hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 12 };

let folder: string;
let tokenizer: BpeModel;
const config = decoderConfig(sizes as ModelParameters, { vocabularySize: 275, contextLength: 4 });
const weights = initialWeights(config, 1);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'open-'));
  tokenizer = await trainBpe(textBatches(['The cats sang on mats.']), {
    vocabularySize: 259,
    pattern: 'llama3',
    specialTokens: [END],
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

const embeddings = async (of: BpeModel) => {
  const model = await openForeignModel(await recognizeModel(folder), of);
  return decodeStored(model.read('model.embed_tokens.weight'));
};

test('a model of llama2.c has its tokens in the order of tokenizer.json, by which it was exported', async () => {
  const read = (name: string) => storeFloat32(weights[name]!);
  await exportLlama2c(folder, { config, names: Object.keys(weights), read, tokenizer, endOfText: END }, 'f32');
  const { tokenizer: again, endOfText } = await readForeignTokenizer(join(folder, 'tokenizer.json'));
  expect([again, endOfText]).toEqual([tokenizer, END]);
  expect(await embeddings(again)).toEqual(weights['model.embed_tokens.weight']!.data);
});

test('without tokenizer.bin, or where it has the same order, rows stay where they are', async () => {
  const file = readFileSync(join(folder, 'model.bin'));
  const first = file.readFloatLE(28);
  rmSync(join(folder, 'tokenizer.bin'));
  expect((await embeddings(tokenizer))[0]).toBe(first);
  const tokens = Array.from({ length: 275 }, (_, id) => ({
    text: tokenizer.vocabulary[id] ?? new Uint8Array(),
    score: 0,
  }));
  writeFileSync(join(folder, 'tokenizer.bin'), llama2cTokenizer(tokens));
  expect((await embeddings(tokenizer))[0]).toBe(first);
});

test('where it has other tokens, or there are more tokens than embeddings, it is refused', async () => {
  const tokens = Array.from({ length: 275 }, (_, id) => ({ text: Buffer.from(`token ${id}`), score: 0 }));
  writeFileSync(join(folder, 'tokenizer.bin'), llama2cTokenizer(tokens));
  await expect(embeddings(tokenizer)).rejects.toThrow(/other tokens(.|\n)*"token 0" as token 0/);
  rmSync(join(folder, 'tokenizer.bin'));
  const more = { ...tokenizer, vocabulary: Array.from({ length: 300 }, () => new Uint8Array()) };
  await expect(embeddings(more)).rejects.toThrow(/embedding for every token(.|\n)*at most 275/);
});
