/** @file Tests of tokenizers in GGUF's metadata: those of this project come back as they are, others by what llama.cpp calls them. */
import { createEncoder, textBatches, trainBpe, type BpeModel, type PreTokenPattern } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { ggufTokenizer } from '@arrowsmith/export';
import type { GgufRead } from '@arrowsmith/formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { readGgufTokenizer } from './gguf-tokenizer.ts';

const END = '<|endoftext|>';
const TEXTS = ['The small cats sat on mats and sang.', 'The cats sang on the mats; 1234 cats.'];

const tokenizerOf = (pattern: PreTokenPattern): Promise<BpeModel> =>
  trainBpe(textBatches(TEXTS), { vocabularySize: 270, pattern, specialTokens: ['<|pad|>', END] });

let tokenizer: BpeModel;
beforeAll(async () => {
  tokenizer = await tokenizerOf('llama3');
});

type Metadata = Record<string, GgufRead>;

/** The metadata of a file, as they are read. */
const metadataOf = (model: BpeModel, endOfText = END, tokens = model.vocabulary.length): Metadata =>
  Object.fromEntries(
    Object.entries(ggufTokenizer({ tokenizer: model, endOfText, chatTemplate: '{{ messages }}' }, tokens)).map(
      ([key, { value }]) => [key, value],
    ),
  );

const read = (metadata: Metadata, endOfText?: string) =>
  readGgufTokenizer({ path: 'model.gguf', metadata: new Map(Object.entries(metadata)) }, { endOfText });

describe('a tokenizer that was written is read as the same', () => {
  test.each(['gpt2', 'llama3', 'qwen2'] as const)('of the pattern %s', async (pattern) => {
    const model = await tokenizerOf(pattern);
    expect(read(metadataOf(model)).tokenizer).toEqual(model);
  });

  test('with tokens that text has whole, ids that are not used, and pieces that are not merged', () => {
    const gap: BpeModel = {
      ...tokenizer,
      vocabulary: [...tokenizer.vocabulary, new Uint8Array(), Buffer.from('<think>')],
      addedTokens: [{ id: 271, content: '<think>' }],
      ignoreMerges: true,
    };
    const again = read(metadataOf(gap, END, 275)).tokenizer;
    const text = 'The cats <think>sat</think> on 12345 mats.';
    expect(createEncoder(again).encode(text)).toEqual(createEncoder(gap).encode(text));
    expect(again.specialTokens).toEqual(gap.specialTokens);
    expect(again.addedTokens?.map(({ id }) => id)).toEqual([271]);
    expect(again.vocabulary.length).toBe(272); // those beyond are of the embeddings alone
  });

  test('and so is what ends a text, and the template of conversations', () => {
    expect(read(metadataOf(tokenizer))).toMatchObject({ endOfText: END, endTokens: [] });
    expect(read(metadataOf(tokenizer, '<|pad|>')).endOfText).toBe('<|pad|>');
    expect(read(metadataOf(tokenizer), '<|pad|>').endOfText).toBe('<|pad|>');
    const { chatTemplate } = read(metadataOf(tokenizer));
    expect(chatTemplate).toEqual({ source: '{{ messages }}', tokens: { bos_token: END, eos_token: END } });
    expect(() => read(metadataOf(tokenizer), '</s>')).toThrow(/no special token "<\/s>"/);
  });
});

describe('files of others', () => {
  const changed = (changes: Metadata) => read({ ...metadataOf(tokenizer), ...changes });

  test.each([
    ['llama-bpe', { pattern: 'llama3', ignoreMerges: true }],
    ['dbrx', { pattern: 'llama3' }],
    ['qwen2', { pattern: 'qwen2' }],
    ['gpt-2', { pattern: 'gpt2' }],
    ['smollm', { pattern: 'gpt2', cuts: [{ type: 'Digits', individual_digits: true }] }],
  ])('whose pre-tokenizer is called %s cut text as llama.cpp does', (pre, expected) => {
    expect(changed({ 'tokenizer.ggml.pre': pre }).tokenizer).toMatchObject(expected);
  });

  test('that do not say types have the tokens special that they name, where those are no text', () => {
    const metadata = metadataOf(tokenizer);
    delete metadata['tokenizer.ggml.token_type'];
    const { specialTokens } = read({
      ...metadata,
      'tokenizer.ggml.eos_token_id': 0,
      'tokenizer.ggml.padding_token_id': 5,
    }).tokenizer;
    expect(specialTokens.map(({ content }) => content)).toContain(END);
    expect(specialTokens.map(({ id }) => id)).not.toContain(5);
  });

  test('that end texts and turns by two tokens have the first one for texts', () => {
    const id = (content: string) => tokenizer.specialTokens.find((token) => token.content === content)!.id;
    const two = changed({ 'tokenizer.ggml.bos_token_id': id(END), 'tokenizer.ggml.eos_token_id': id('<|pad|>') });
    expect(two).toMatchObject({ endOfText: END, endTokens: ['<|pad|>'] });
  });

  test('that put a token before a text have texts begin with it, by what they say or llama.cpp’s default', () => {
    const pad = tokenizer.specialTokens.find(({ content }) => content === '<|pad|>')!.id;
    const begun = { ...metadataOf(tokenizer), 'tokenizer.ggml.bos_token_id': pad };
    const bounds = (changes: Metadata) => [
      read({ ...begun, ...changes }).beginOfText,
      read({ ...begun, ...changes }).endOfText,
    ];
    expect(bounds({ 'tokenizer.ggml.add_bos_token': true })).toEqual(['<|pad|>', END]);
    expect(bounds({ 'tokenizer.ggml.add_bos_token': false })).toEqual([END, END]);
    delete (begun as Metadata)['tokenizer.ggml.add_bos_token'];
    expect(bounds({ 'tokenizer.ggml.pre': 'llama-bpe' })).toEqual(['<|pad|>', END]);
    expect(bounds({ 'tokenizer.ggml.pre': 'qwen2' })).toEqual([END, END]);
  });

  test.each<[string, Metadata, RegExp]>([
    ['SentencePiece’s', { 'tokenizer.ggml.model': 'llama' }, /llama, SentencePiece(.|\n)*tokenizer\.json/],
    ['WordPiece’s', { 'tokenizer.ggml.model': 'bert' }, /WordPiece/],
    ['one that cuts text in a way that is not known', { 'tokenizer.ggml.pre': 'tekken' }, /tekken/],
    ['types that are none', { 'tokenizer.ggml.token_type': [1, 2] }, /270 numbers|271 numbers|272 numbers/],
    ['a type that there is not', { 'tokenizer.ggml.token_type': tokenTypes(9) }, /types from 1 to 5/],
    ['merges that are none', { 'tokenizer.ggml.merges': ['ab'] }, /merges of two tokens/],
    ['merges of tokens that are not there', { 'tokenizer.ggml.merges': ['漢 漢'] }, /two tokens/],
    ['numbers for tokens', { 'tokenizer.ggml.tokens': [1, 2] }, /a list of texts/],
    ['no tokens', { 'tokenizer.ggml.tokens': [] }, /token_type, 0 numbers/],
    ['a token twice', { 'tokenizer.ggml.tokens': Array.from({ length: 270 }, () => 'a') }, /\S/],
  ])('with %s are refused', (_, changes, message) => {
    expect(() => changed(changes)).toThrow(UserError);
    expect(() => changed(changes)).toThrow(message);
  });

  test('without a name for how text is cut, or without a tokenizer, are refused', () => {
    const metadata = metadataOf(tokenizer);
    delete metadata['tokenizer.ggml.pre'];
    expect(() => read(metadata)).toThrow(/before May 2024/);
    expect(() => read({})).toThrow(/no tokenizer/);
  });
});

function tokenTypes(last: number): number[] {
  return [...Array.from({ length: 269 }, () => 1), last];
}
