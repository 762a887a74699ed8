/** @file Tests of writing and reading tokenizer.json. */

import { UserError } from '@arrowsmith/errors';
import { describe, expect, test } from 'vitest';
import { BYTE_CHARACTERS } from './byte-alphabet.ts';
import { createEncoder } from './encoder.ts';
import { LLAMA3_REGEX } from './patterns.ts';
import { fromTokenizerJson } from './read-tokenizer-json.ts';
import { corpus, fixtures } from './test-fixtures.ts';
import { toTokenizerJson } from './tokenizer-json.ts';
import { textBatches } from './text-batch.ts';
import { trainBpe } from './trainer.ts';

const file = (value: unknown): string => JSON.stringify(value);

test.each(fixtures)('writes what Hugging Face tokenizers write after the same training: $pattern', async (fixture) => {
  const { tokenizer, ids: _, ...options } = fixture;
  expect(JSON.parse(toTokenizerJson(await trainBpe(textBatches(corpus.documents), options)))).toEqual(tokenizer);
});

test.each(fixtures)('reads what it writes, to the byte: $pattern', ({ tokenizer }) => {
  const model = fromTokenizerJson(file(tokenizer), 'tokenizer.json');
  const json = toTokenizerJson(model);
  expect(fromTokenizerJson(json, 'tokenizer.json')).toEqual(model);
  expect(toTokenizerJson(fromTokenizerJson(json, 'tokenizer.json'))).toBe(json);
});

test('tokens that are integers or names of object members keep their ids', async () => {
  const documents = ['10 10 10 __proto__ __proto__ __proto__'];
  const model = await trainBpe(textBatches(documents), {
    vocabularySize: 258,
    pattern: 'gpt2',
    specialTokens: ['__proto__'],
  });
  expect(fromTokenizerJson(toTokenizerJson(model), 'tokenizer.json')).toEqual(model);
});

/** A file of GPT-2's shape: merges as strings, the special token last, and in the vocabulary. */
function gpt2File() {
  const vocab = Object.fromEntries(
    [...BYTE_CHARACTERS, 'Ġt', 'he', 'Ġthe', '<|endoftext|>'].map((token, id) => [token, id]),
  );
  return {
    version: '1.0',
    added_tokens: [
      {
        id: 259,
        special: true,
        content: '<|endoftext|>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: true,
      },
    ],
    normalizer: null as unknown,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true } as unknown,
    post_processor: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true } as unknown,
    model: {
      dropout: null,
      unk_token: null as string | null,
      continuing_subword_prefix: '',
      end_of_word_suffix: '',
      fuse_unk: false,
      vocab: vocab as Record<string, unknown> | unknown[],
      merges: ['Ġ t', 'h e', 'Ġt he'] as unknown[],
    },
  };
}

test('reads the shape of GPT-2', () => {
  const model = fromTokenizerJson(file(gpt2File()), 'tokenizer.json');
  expect(model.pattern).toBe('gpt2');
  expect(model.specialTokens).toEqual([{ content: '<|endoftext|>', id: 259 }]);
  expect(createEncoder(model).encode('he the<|endoftext|>', { allowSpecial: true })).toEqual([257, 258, 259]);
});

test('reads the shape of Llama 3', () => {
  const shape = gpt2File();
  const { '<|endoftext|>': _, ...vocab } = shape.model.vocab as Record<string, number>;
  const llama3 = {
    ...shape,
    added_tokens: ['<|begin_of_text|>', '<|end_of_text|>'].map((content, i) => ({
      id: 259 + i,
      content,
      special: true,
    })),
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: LLAMA3_REGEX }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    model: { ...shape.model, type: 'BPE', byte_fallback: false, ignore_merges: true, vocab },
  };
  const model = fromTokenizerJson(file(llama3), 'tokenizer.json');
  expect(model.pattern).toBe('llama3');
  expect(model.ignoreMerges).toBe(true);
  expect(model.vocabulary).toHaveLength(261);
  expect(createEncoder(model).encode('<|begin_of_text|> the', { allowSpecial: true })).toEqual([259, 258]);
});

test('reads added tokens that are not special: they are found in the text, whatever is allowed of special tokens', () => {
  const shape = gpt2File();
  shape.model.unk_token = '<|endoftext|>'; // as in some files of GPT-2's kind; every byte is a token, so that it is never used
  shape.added_tokens[0]!.special = false;
  const model = fromTokenizerJson(file(shape), 'tokenizer.json');
  expect(model.specialTokens).toEqual([]);
  expect(model.addedTokens).toEqual([{ content: '<|endoftext|>', id: 259 }]);
  const encoder = createEncoder(model);
  expect(encoder.encode('he the<|endoftext|>')).toEqual([257, 258, 259]);
  expect(encoder.tokenByteLength(259)).toBe(13);
});

describe('refuses, and says what it found:', () => {
  /** GPT-2's shape with a change. */
  function changed(change: (shape: ReturnType<typeof gpt2File>) => void): string {
    const shape = gpt2File();
    change(shape);
    return file(shape);
  }
  const withModel = (model: unknown): string => file({ ...gpt2File(), model });

  test.each<[name: string, json: string, found: string]>([
    ['text that is not JSON', '{"version": ', 'JSON'],
    ['a file without a model', '{}', 'model'],
    ['Unigram', withModel({ type: 'Unigram', vocab: [['a', -1]] }), 'a Unigram model'],
    ['WordPiece', withModel({ type: 'WordPiece', vocab: { a: 0 } }), 'a WordPiece model'],
    ['SentencePiece-style BPE', withModel({ ...gpt2File().model, byte_fallback: true }), 'byte_fallback'],
    ['another normalizer than NFC', changed((shape) => (shape.normalizer = { type: 'NFKC' })), '{"type":"NFKC"}'],
    ['an added token that is normalized', changed((shape) => (shape.normalizer = { type: 'NFC' })), 'added_tokens[0]'],
    [
      'an added token that takes the space before it',
      changed((shape) => (shape.added_tokens[0]!.lstrip = true)),
      'added_tokens[0].lstrip',
    ],
    ['another pre-tokenizer', changed((shape) => (shape.pre_tokenizer = { type: 'Metaspace' })), 'Metaspace'],
    ['no pre-tokenizer', changed((shape) => (shape.pre_tokenizer = null)), 'the pre-tokenizer null'],
    [
      'a space added in front',
      changed((shape) => (shape.pre_tokenizer = { type: 'ByteLevel', add_prefix_space: true })),
      '"add_prefix_space":true',
    ],
    [
      'another decoder',
      changed((shape) => (shape.decoder = { type: 'WordPiece' })),
      'the decoder {"type":"WordPiece"}',
    ],
    ['a list as vocabulary', changed((shape) => (shape.model.vocab = ['a'])), 'model.vocab'],
    ['a token not in bytes', changed((shape) => Object.assign(shape.model.vocab, { '▁the': 260 })), '▁the'],
    ['an id that is taken twice', changed((shape) => Object.assign(shape.model.vocab, { Ġthe: 256 })), '256'],
    ['an id that is missing', changed((shape) => Object.assign(shape.model.vocab, { Ġthe: 300 })), '"Ġthe": 300'],
    ['an id that is no number', changed((shape) => Object.assign(shape.model.vocab, { Ġthe: 'x' })), '"Ġthe": x'],
    [
      'two ids of a special token',
      changed((shape) => (shape.added_tokens[0]!.id = 3)),
      '3 in added_tokens, 259 in vocab',
    ],
    ['a merge of unknown tokens', changed((shape) => shape.model.merges.push('q q q')), '"q q q"'],
    ['a merge into an unknown token', changed((shape) => shape.model.merges.push('q q')), '"q q"'],
    [
      'a vocabulary that lacks a byte',
      file({ ...gpt2File(), added_tokens: [], model: { vocab: { a: 0, b: 1 }, merges: [] } }),
      'without the byte 0',
    ],
  ])('%s', (_, json, found) => {
    const read = () => fromTokenizerJson(json, 'some/tokenizer.json');
    expect(read).toThrow(UserError);
    expect(read).toThrow(found);
    expect(read).toThrow('some/tokenizer.json');
  });
});
