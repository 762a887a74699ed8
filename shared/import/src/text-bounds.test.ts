/** @file Tests of what texts begin and end with: folders as models are published. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BpeModel, textBatches, toTokenizerJson, trainBpe } from '@arrowsmith/bpe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AskedTokenizer, readForeignTokenizer } from './read-tokenizer.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bounds-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

/** A folder with a tokenizer. @param begin what its tokenizer.json puts before a text @param files beside it, of the ids of its special tokens */
async function published(
  specialTokens: string[],
  { begin, files = () => ({}) }: { begin?: string; files?: (ids: Record<string, number>) => object } = {},
  asked?: AskedTokenizer,
) {
  const model: BpeModel = await trainBpe(textBatches(['The cats sang.']), {
    vocabularySize: 256 + specialTokens.length,
    pattern: 'llama3',
    specialTokens,
  });
  const path = join(folder, `${count++}`);
  mkdirSync(path);
  writeFileSync(join(path, 'tokenizer.json'), toTokenizerJson(model, { begin }));
  const ids = Object.fromEntries(model.specialTokens.map(({ content, id }) => [content, id]));
  for (const [file, json] of Object.entries(files(ids))) writeFileSync(join(path, file), JSON.stringify(json));
  const { beginOfText, endOfText, endTokens } = await readForeignTokenizer(join(path, 'tokenizer.json'), asked);
  return [beginOfText, endOfText, endTokens];
}

const LLAMA = ['<|begin_of_text|>', '<|end_of_text|>', '<|eom_id|>', '<|eot_id|>'];

test('as Llama 3: the template of the tokenizer puts a token before a text, and several end one', async () => {
  const files = (ids: Record<string, number>) => ({
    'generation_config.json': { eos_token_id: LLAMA.slice(1).map((name) => ids[name]) },
    'config.json': { eos_token_id: ids['<|eot_id|>'] },
    'tokenizer_config.json': { bos_token: '<|begin_of_text|>', eos_token: '<|eot_id|>' },
  });
  expect(await published(LLAMA, { begin: '<|begin_of_text|>', files })).toEqual([
    '<|begin_of_text|>',
    '<|end_of_text|>',
    ['<|eom_id|>', '<|eot_id|>'],
  ]);
});

const COMMAND = ['<PAD>', '<UNK>', '<BOS_TOKEN>', '<EOS_TOKEN>', '<|END_OF_TURN_TOKEN|>'];

test('as Command: tokenizer_config.json says that a token is put before a text, and config.json what ends one', async () => {
  const files = (ids: Record<string, number>) => ({
    'config.json': { eos_token_id: ids['<|END_OF_TURN_TOKEN|>'], bos_token_id: ids['<BOS_TOKEN>'] },
    'tokenizer_config.json': { add_bos_token: true, bos_token: { content: '<BOS_TOKEN>' }, eos_token: '<EOS_TOKEN>' },
  });
  expect(await published(COMMAND, { files })).toEqual(['<BOS_TOKEN>', '<|END_OF_TURN_TOKEN|>', []]);
  const only = () => ({ 'tokenizer_config.json': { bos_token: '<BOS_TOKEN>', eos_token: '<EOS_TOKEN>' } });
  expect(await published(COMMAND, { begin: '<BOS_TOKEN>', files: only })).toEqual(['<BOS_TOKEN>', '<EOS_TOKEN>', []]);
});

const QWEN = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

test('as Qwen: nothing is put before a text, which begins behind the token that ends documents', async () => {
  const files = (ids: Record<string, number>) => ({
    'generation_config.json': { eos_token_id: [ids['<|im_end|>'], ids['<|endoftext|>']] },
    'tokenizer_config.json': { add_bos_token: false, bos_token: null, eos_token: '<|im_end|>' },
  });
  expect(await published(QWEN, { files })).toEqual(['<|endoftext|>', '<|endoftext|>', ['<|im_end|>']]);
  const off = () => ({ 'tokenizer_config.json': { add_bos_token: false, bos_token: '<|im_start|>' } });
  expect(await published(QWEN, { begin: '<|im_start|>', files: off })).toEqual(['<|endoftext|>', '<|endoftext|>', []]);
});

test('as this project exports: one token does both, whatever it is called', async () => {
  const files = (ids: Record<string, number>) => ({
    'generation_config.json': { eos_token_id: ids['<end>'], bos_token_id: ids['<end>'] },
    'tokenizer_config.json': { add_bos_token: true, bos_token: '<end>', eos_token: '<end>' },
  });
  expect(await published(['<|endoftext|>', '<end>'], { begin: '<end>', files })).toEqual(['<end>', '<end>', []]);
});

test('what is asked for goes before what files say', async () => {
  const asked = { beginOfText: '<UNK>', endOfText: '<PAD>' };
  expect(await published(COMMAND, { begin: '<BOS_TOKEN>' }, asked)).toEqual(['<UNK>', '<PAD>', []]);
});

test('a token that the tokenizer does not have, and a file that is no JSON object, are refused', async () => {
  const files = () => ({ 'tokenizer_config.json': { add_bos_token: true, bos_token: '<s>' } });
  await expect(published(QWEN, { files })).rejects.toThrow(/does not have[^]*<s> among the special tokens/);
  const broken = () => ({ 'generation_config.json': [] });
  await expect(published(QWEN, { files: broken })).rejects.toThrow(/generation_config\.json cannot be read/);
});
