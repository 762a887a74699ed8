/** @file Tests of which format a model is in: by what is in its files, whatever they are called. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeGguf, writeLlama2c, writeSafetensors } from '@arrowsmith/formats';
import { decoderConfig, initialWeights, type ModelParameters } from '@arrowsmith/model';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recognizeModel, tokenizerFileOf } from './recognize-model.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'recognize-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name: string): string => join(folder, name);
const gguf = (name: string) => writeGguf(path(name), { metadata: {}, tensors: [] });
async function llama2c(name: string, precision: 'f32' | 'int8'): Promise<void> {
  const sizes = { family: 'llama3', hiddenSize: 8, layers: 1, heads: 2, kvHeads: 1, intermediateSize: 12 };
  const config = decoderConfig(sizes as ModelParameters, { vocabularySize: 6, contextLength: 4 });
  await writeLlama2c(path(name), { config, weights: initialWeights(config, 1), ids: [0, 1, 2, 3, 4, 5] }, precision);
}

describe('a file is known by its content', () => {
  test('GGUF, whatever it is called', async () => {
    await gguf('model.txt');
    expect(await recognizeModel(path('model.txt'))).toEqual({ format: 'gguf', file: path('model.txt') });
  });

  test.each(['f32', 'int8'] as const)('llama2.c, in %s', async (precision) => {
    await llama2c('weights', precision);
    expect(await recognizeModel(path('weights'))).toEqual({ format: 'llama2c', file: path('weights') });
  });

  test('safetensors, of the folder that has its config.json', async () => {
    await writeSafetensors(path('model.safetensors'), {});
    await expect(recognizeModel(path('model.safetensors'))).rejects.toThrow(/without a config\.json/);
    writeFileSync(path('config.json'), '{}');
    expect(await recognizeModel(path('model.safetensors'))).toEqual({ format: 'huggingface', folder });
  });

  test.each<[string, Buffer, RegExp]>([
    ['a checkpoint of PyTorch', Buffer.from('PK\u0003\u0004archive/data.pkl'), /can run code(.|\n)*save_pretrained/],
    ['a pickle', Buffer.from([0x80, 2, 0x7d]), /a pickle/],
    ['a pointer of Git LFS', Buffer.from('version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/],
    ['ggml from before GGUF', Buffer.from('tjgg\u0003\0\0\0'), /before GGUF/],
    ['a gzip file', Buffer.from([0x1f, 0x8b, 8, 0]), /unpack it/],
    ['a text', Buffer.from('Once upon a time, there was'), /begins with "Once upon/],
    ['an empty file', Buffer.alloc(0), /an empty file/],
    ['what commands a terminal', Buffer.from('\u001b[31mred'), /\\u001b\[31mred/],
  ])('%s is refused by its name', async (_, content, message) => {
    writeFileSync(path('model.gguf'), content);
    await expect(recognizeModel(path('model.gguf'))).rejects.toThrow(message);
  });

  test('what is not there, and what never ends, is refused', async () => {
    await expect(recognizeModel(path('none'))).rejects.toThrow(/no such folder or file/);
    await expect(recognizeModel('/dev/zero')).rejects.toThrow(/a device/);
  });
});

describe('in a folder', () => {
  test('a single model is found; of several one has to be named', async () => {
    await gguf('a.gguf');
    writeFileSync(path('tokenizer.bin'), 'not a model');
    writeFileSync(path('other.bin'), 'neither');
    expect(await recognizeModel(folder)).toMatchObject({ format: 'gguf' });
    await llama2c('model.bin', 'f32');
    await expect(recognizeModel(folder)).rejects.toThrow(/several: a\.gguf, model\.bin(.|\n)*name one/);
  });

  test('this project’s weights come first, then a Hugging Face model', async () => {
    await gguf('a.gguf');
    writeFileSync(path('config.json'), '{}');
    writeFileSync(path('model-00001-of-00002.safetensors'), '');
    expect(await recognizeModel(folder)).toEqual({ format: 'huggingface', folder });
    writeFileSync(path('weights.arrow'), '');
    expect(await recognizeModel(folder)).toMatchObject({ format: 'arrow' });
  });

  test('what people take for a model is told by what it is', async () => {
    writeFileSync(path('pytorch_model.bin'), 'PK\u0003\u0004');
    await expect(recognizeModel(folder)).rejects.toThrow(/pytorch_model\.bin: a ZIP file(.|\n)*save_pretrained/);
    writeFileSync(path('model.gguf'), 'version https://git-lfs.github.com/spec/v1');
    await expect(recognizeModel(folder)).rejects.toThrow(/model\.gguf: a pointer of Git LFS/);
  });

  test('without any, what is there is told', async () => {
    symlinkSync(path('nowhere'), path('lost.gguf'));
    await expect(recognizeModel(folder)).rejects.toThrow(/found: +lost\.gguf/);
    rmSync(path('lost.gguf'));
    await expect(recognizeModel(folder)).rejects.toThrow(/an empty folder/);
    mkdirSync(path('weights'));
    writeFileSync(path('readme.md'), '');
    await expect(recognizeModel(folder)).rejects.toThrow(/readme\.md, weights/);
  });
});

test('the tokenizer is beside the model, or within it; llama2.c’s own is not enough', async () => {
  expect(tokenizerFileOf({ format: 'gguf', file: path('a.gguf') })).toBe(path('a.gguf'));
  expect(tokenizerFileOf({ format: 'huggingface', folder })).toBe(path('tokenizer.json'));
  const source = { format: 'llama2c', file: path('model.bin') } as const;
  expect(() => tokenizerFileOf(source)).toThrow(/tokenizer\.json beside it(.|\n)*none/);
  writeFileSync(path('tokenizer.bin'), '');
  expect(() => tokenizerFileOf(source)).toThrow(/does not say how text is cut(.|\n)*SentencePiece/);
  writeFileSync(path('tokenizer.json'), '');
  expect(tokenizerFileOf(source)).toBe(path('tokenizer.json'));
});
