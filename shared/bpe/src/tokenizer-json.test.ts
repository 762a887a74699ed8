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
  expect(model.specialTokens).toEqual([{ content: '<|endoftext|>', id: 259, normalized: true }]);
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
  expect(model.addedTokens).toEqual([{ content: '<|endoftext|>', id: 259, normalized: true }]);
  const encoder = createEncoder(model);
  expect(encoder.encode('he the<|endoftext|>')).toEqual([257, 258, 259]);
  expect(encoder.tokenByteLength(259)).toBe(13);
});

test('ids that no token has are left unused, and stay so', () => {
  const shape = gpt2File();
  Object.assign(shape.model.vocab, { Ġthe: 270 });
  shape.added_tokens.push({ ...shape.added_tokens[0]!, content: '<gap>', id: 300 });
  const model = fromTokenizerJson(file(shape), 'tokenizer.json');
  expect(model.vocabulary).toHaveLength(301);
  const encoder = createEncoder(model);
  expect(encoder.encode('he the<gap>', { allowSpecial: true })).toEqual([257, 270, 300]);
  expect(encoder.decode([257, 258, 299, 300])).toBe('he<gap>');
  expect(encoder.tokenByteLength(258)).toBe(0);
  expect(fromTokenizerJson(toTokenizerJson(model), 'written')).toEqual(model);
});

function withExtraTokens(count: number): string {
  const shape = gpt2File();
  const template = { special: false, single_word: false, lstrip: false, rstrip: false, normalized: false };
  for (let i = 0; i < count; i++) shape.added_tokens.push({ ...template, id: 260 + i, content: `<extra_${i}>` });
  return file(shape);
}

test('many added tokens are found in the text, the longest at each place', () => {
  const { encode } = createEncoder(fromTokenizerJson(withExtraTokens(20_000), 'tokenizer.json'));
  const bytes = createEncoder(fromTokenizerJson(withExtraTokens(0), 'tokenizer.json')).encode('<extra_');
  expect(encode('he the<extra_77><extra_19999><extra_')).toEqual([257, 258, 337, 20_259, ...bytes]);
});

test('more added tokens than any tokenizer has are refused by their number, before each is looked at', () => {
  const read = () => fromTokenizerJson(file({ ...gpt2File(), added_tokens: Array.from({ length: 1e6 }) }), 'x');
  expect(read).toThrow(/1000000 added_tokens[^]*at most 131072/);
});

describe('refuses, and says what it found:', () => {
  /** GPT-2's shape with a change. */
  function changed(change: (shape: ReturnType<typeof gpt2File>) => void): string {
    const shape = gpt2File();
    change(shape);
    return file(shape);
  }
  const plain = { type: 'ByteLevel', add_prefix_space: false };
  const sequence = (member: string, ...steps: object[]) => ({ type: 'Sequence', [member]: steps });
  const withModel = (model: unknown): string => file({ ...gpt2File(), model });

  test.each<[name: string, json: string, found: string]>([
    ['text that is not JSON', '{"version": ', 'JSON'],
    ['a file without a model', '{}', 'model'],
    ['Unigram', withModel({ type: 'Unigram', vocab: [['a', -1]] }), 'a Unigram model'],
    ['WordPiece', withModel({ type: 'WordPiece', vocab: { a: 0 } }), 'a WordPiece model'],
    [
      'SentencePiece-style BPE',
      withModel({ ...gpt2File().model, byte_fallback: true, vocab: { '<0x00>': 0 } }),
      'byte_fallback',
    ],
    ['random segmentation', withModel({ ...gpt2File().model, dropout: 0.1 }), 'model.dropout 0.1'],
    ['marks of word parts', withModel({ ...gpt2File().model, continuing_subword_prefix: '##' }), 'subword_prefix "##"'],
    ['marks of word ends', withModel({ ...gpt2File().model, end_of_word_suffix: '</w>' }), 'end_of_word_suffix "</w>"'],
    [
      'an unknown normalizer',
      changed((shape) => (shape.normalizer = sequence('normalizers', { type: 'NFC' }, { type: 'Nmt' }))),
      'normalizer.normalizers[1]: {"type":"Nmt"}',
    ],
    [
      'a normalizer of a regular expression',
      changed((shape) => (shape.normalizer = { type: 'Replace', pattern: { Regex: 'a' }, content: 'b' })),
      'normalizer: {"type":"Replace"',
    ],
    [
      'an added token of which nothing is left',
      changed((shape) => {
        shape.normalizer = { type: 'Strip', strip_left: true, strip_right: true };
        shape.added_tokens[0]!.content = ' ';
        delete (shape.model.vocab as Record<string, unknown>)['<|endoftext|>'];
      }),
      'the added token " " (id 259), of which the normalizer leaves nothing',
    ],
    [
      'an added token whose spelling means another byte',
      changed((shape) => Object.assign(shape.added_tokens[0]!, { content: 'é', id: BYTE_CHARACTERS.indexOf('é') })),
      'the added token "é" (id 233): the vocabulary means other bytes',
    ],
    [
      'a step behind ByteLevel',
      changed((shape) => (shape.pre_tokenizer = sequence('pretokenizers', plain, { type: 'Digits' }))),
      'pre_tokenizer.pretokenizers[1]: {"type":"Digits"}',
    ],
    [
      'an unknown step',
      changed((shape) => (shape.pre_tokenizer = sequence('pretokenizers', { type: 'UnicodeScripts' }, plain))),
      'pre_tokenizer.pretokenizers[0]: {"type":"UnicodeScripts"}',
    ],
    [
      'a regular expression that is not translated',
      changed((shape) => {
        const split = { type: 'Split', pattern: { Regex: '\\ba' }, behavior: 'Isolated', invert: false };
        shape.pre_tokenizer = sequence('pretokenizers', split, plain);
      }),
      'pre_tokenizer.pretokenizers[0]: \\b, in the regular expression',
    ],
    ['another pre-tokenizer', changed((shape) => (shape.pre_tokenizer = { type: 'Metaspace' })), 'Metaspace'],
    ['no pre-tokenizer', changed((shape) => (shape.pre_tokenizer = null)), 'no pre_tokenizer'],
    [
      'another decoder',
      changed((shape) => (shape.decoder = { type: 'WordPiece' })),
      'the decoder {"type":"WordPiece"}',
    ],
    ['a list as vocabulary', changed((shape) => (shape.model.vocab = ['a'])), 'model.vocab'],
    ['a token not in bytes', changed((shape) => Object.assign(shape.model.vocab, { '▁the': 260 })), '▁the'],
    ['an id that is taken twice', changed((shape) => Object.assign(shape.model.vocab, { Ġthe: 256 })), '256'],
    [
      'an id beyond all bounds',
      changed((shape) => Object.assign(shape.model.vocab, { Ġthe: 2 ** 21 })),
      '"Ġthe": 2097152',
    ],
    ['an id that is no number', changed((shape) => Object.assign(shape.model.vocab, { Ġthe: 'x' })), '"Ġthe": "x"'],
    ['two ids of a special token', changed((shape) => (shape.added_tokens[0]!.id = 3)), '3 in added_tokens, and 259'],
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
