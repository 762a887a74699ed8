/** @file Tests of tokenizers in GGUF's metadata, and of the order of ids that llama2.c wants. */
import { createEncoder, textBatches, trainBpe, type BpeModel, type PreTokenPattern } from '@arrowsmith/bpe';
import { beforeAll, describe, expect, test } from 'vitest';
import { ggufTokenizer } from './gguf-tokenizer.ts';
import { llama2cIds } from './llama2c.ts';

const END = '<|endoftext|>';
const TEXTS = ['The small cats sat on mats and sang.', 'The cats sang on the mats; 1234 cats.'];

const tokenizerOf = (pattern: PreTokenPattern): Promise<BpeModel> =>
  trainBpe(textBatches(TEXTS), { vocabularySize: 270, pattern, specialTokens: [END] });

let tokenizer: BpeModel;
beforeAll(async () => {
  tokenizer = await tokenizerOf('llama3');
});

/** The metadata, as plain values. */
function metadataOf(model: BpeModel, tokens = model.vocabulary.length): Record<string, unknown> {
  const metadata = ggufTokenizer({ tokenizer: model, endOfText: END }, tokens);
  return Object.fromEntries(
    Object.entries(metadata).map(([key, { value }]) => [key.replace('tokenizer.ggml.', ''), value]),
  );
}

describe('the pre-tokenizer is named by its pattern', () => {
  test.each([
    ['gpt2', 'gpt-2'],
    ['qwen2', 'qwen2'],
    ['llama3', 'smaug-bpe'],
  ] as const)('%s: %s', async (pattern, pre) => {
    expect(metadataOf(await tokenizerOf(pattern))['pre']).toBe(pre);
  });

  test('Llama 3’s is llama-bpe where pieces that are tokens are not merged, as llama.cpp does not by that name', () => {
    expect(metadataOf({ ...tokenizer, ignoreMerges: true })['pre']).toBe('llama-bpe');
  });

  test('what llama.cpp would cut otherwise is refused, with the step', async () => {
    const refused = (change: Partial<BpeModel>, pattern: RegExp) =>
      expect(() => metadataOf({ ...tokenizer, ...change })).toThrow(pattern);
    refused({ pattern: 'none' }, /the pattern none/);
    refused({ pattern: 'qwen2', ignoreMerges: true }, /qwen2 with ignore_merges/);
    refused({ cuts: [{ type: 'Digits', individual_digits: true }] }, /Digits(.|\n)*format: huggingface/);
    refused({ normalizers: [{ type: 'Lowercase' }] }, /Lowercase/);
    refused({ prefixSpace: true }, /a space/);
    refused({ addedTokens: [{ id: 269, content: '<mask>', lstrip: true }] }, /<mask>, which takes white space/);
    expect(metadataOf({ ...tokenizer, normalizers: [{ type: 'NFC' }] })['pre']).toBe('smaug-bpe');
  });
});

test('tokens are spelled as in tokenizer.json, and the merges with them', () => {
  const {
    tokens,
    merges,
    token_type: types,
    bos_token_id: begin,
  } = metadataOf(tokenizer) as {
    tokens: string[];
    merges: string[];
    token_type: number[];
    bos_token_id: number;
  };
  expect(tokens).toHaveLength(270);
  expect(tokens[begin]).toBe(END);
  expect(types[begin]).toBe(3);
  expect(types.filter((type) => type === 1)).toHaveLength(269);
  expect(tokens).toContain('Ġ');
  expect(merges).toHaveLength(tokenizer.merges.length);
  for (const merge of merges) expect(tokens).toContain(merge.replace(' ', ''));
});

test('embeddings without a token have names that no token has, of a type that is not used', () => {
  const taken: BpeModel = { ...tokenizer, addedTokens: [{ id: 269, content: '[PAD271]' }] };
  const { tokens, token_type: types } = metadataOf(taken, 273) as { tokens: string[]; token_type: number[] };
  expect(tokens.slice(269)).toEqual(['[PAD271]', '[PAD270]', '[[PAD271]]', '[PAD272]']);
  expect(types.slice(269)).toEqual([4, 5, 5, 5]);
});

test('two tokens of one spelling, at which llama.cpp stops, are refused; so is a tokenizer without an end', () => {
  const addedTokens = [{ id: 269, content: 'a' }];
  expect(() => metadataOf({ ...tokenizer, addedTokens })).toThrow(/"a" twice/);
  expect(() => ggufTokenizer({ tokenizer, endOfText: '</s>' }, 270)).toThrow(/no special token <\/s>/);
});

describe('ids of llama2.c', () => {
  const vocabularySize = 272;

  test('are each of ours once: what ends a text at 1, bytes from 3 on', () => {
    const ids = llama2cIds({ vocabularySize, tokenizer, endOfText: END });
    expect([...ids].sort((a, b) => a - b)).toEqual(Array.from({ length: 272 }, (_, id) => id));
    expect(ids[1]).toBe(tokenizer.specialTokens[0]!.id);
    for (let byte = 0; byte < 256; byte++) expect([...tokenizer.vocabulary[ids[byte + 3]!]!]).toEqual([byte]);
  });

  test('need two tokens more than bytes and an end', () => {
    const bytes: BpeModel = { ...tokenizer, vocabulary: tokenizer.vocabulary.slice(0, 258), merges: [] };
    expect(() => llama2cIds({ vocabularySize: 258, tokenizer: bytes, endOfText: END })).toThrow(/at least 259/);
  });

  test('spell texts as ours do', () => {
    const { encode } = createEncoder(tokenizer);
    const ids = llama2cIds({ vocabularySize, tokenizer, endOfText: END });
    const there = new Map(ids.map((id, index) => [id, index]));
    const text = Buffer.concat(encode(TEXTS[0]!).map((id) => tokenizer.vocabulary[ids[there.get(id)!]!]!)).toString();
    expect(text).toBe(TEXTS[0]);
  });
});
