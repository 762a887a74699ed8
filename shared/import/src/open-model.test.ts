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
import { checkTokens } from './check-tokens.ts';
import { openForeignModel } from './open-model.ts';
import { readForeignTokenizer } from './read-tokenizer.ts';
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
  expect(() => checkTokens({ config }, more, folder)).toThrow(/embedding for every token(.|\n)*at most 275/);
});

test('a file that llama.cpp’s converter made is read as the Hugging Face folder that it was made of', async () => {
  const fixture = join(import.meta.dirname, '../../../test/fixtures/gguf'); // scripts/parity/gguf-import.ts
  const file = join(fixture, 'llama3.gguf');
  const expected = await readForeignTokenizer(join(fixture, 'tokenizer.json'));
  const { tokenizer: read, endOfText } = await readForeignTokenizer(file);
  expect(read).toEqual(expected.tokenizer);
  expect(endOfText).toBe('<|end_of_text|>');
  const [theirs, model] = await Promise.all(
    [fixture, file].map(async (path) => openForeignModel(await recognizeModel(path), read)),
  );
  expect(model!.config).toEqual(theirs!.config);
  for (const name of theirs!.names) {
    const stored = model!.read(name);
    expect(stored.format).toBe(stored.shape.length === 1 ? 'f32' : 'bf16');
    expect(decodeStored(stored), name).toEqual(decodeStored(theirs!.read(name)));
  }
});
