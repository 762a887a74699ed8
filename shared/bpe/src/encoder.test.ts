/** @file Tests of encoding and decoding. */

import { UserError } from '@arrowsmith/errors';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spellBytes } from './byte-alphabet.ts';
import { createEncoder } from './encoder.ts';
import type { BpeModel } from './model.ts';
import { preTokens } from './testing/pre-tokens.ts';
import { fromTokenizerJson } from './read-tokenizer-json.ts';
import { corpus, fixtures } from './test-fixtures.ts';

const models = fixtures.map(({ pattern, tokenizer }) => fromTokenizerJson(JSON.stringify(tokenizer), pattern));
const gpt2 = models[0]!;

/** Text with the kinds of characters that patterns tell apart, some of them in the fixture's merges. */
const mixedText = fc
  .array(
    fc.oneof(
      fc.constantFrom(' ', '  ', '\n', '\t', "'s", 'The', ' bird', 'é', '漢', 'の', '👩‍👩‍👧', '12', '...', '\u00a0'),
      fc.string({ unit: 'binary' }),
    ),
  )
  .map((parts) => parts.join(''));

describe('compared with Hugging Face tokenizers', () => {
  test.each(fixtures)('gives the same ids: $pattern', ({ pattern, tokenizer, ids }) => {
    const encoder = createEncoder(fromTokenizerJson(JSON.stringify(tokenizer), pattern));
    const encoded = corpus.texts.map((text) => ({ text, ids: encoder.encode(text, { allowSpecial: true }) }));
    expect(encoded).toEqual(corpus.texts.map((text, i) => ({ text, ids: ids[i] })));
    expect(ids.map((textIds) => encoder.decode(textIds))).toEqual(corpus.texts);
  });
});

/** Encoding as its definition says: joins the leftmost pair of lowest rank until there is none. */
function naiveEncode(model: BpeModel, text: string): number[] {
  const spellings = model.vocabulary.map(spellBytes);
  const rankOf = new Map(model.merges.map(([left, right], rank) => [`${spellings[left]} ${spellings[right]}`, rank]));
  return [...preTokens(text, model.pattern)].flatMap((preToken) => {
    const symbols = [...spellBytes(Buffer.from(preToken))];
    for (;;) {
      const ranks = symbols.map((symbol, i) => rankOf.get(`${symbol} ${symbols[i + 1]}`) ?? Infinity);
      const best = Math.min(...ranks);
      if (best === Infinity) return symbols.map((symbol) => spellings.indexOf(symbol));
      const at = ranks.indexOf(best);
      symbols.splice(at, 2, symbols[at]! + symbols[at + 1]!);
    }
  });
}

test.each(models)('joins the leftmost pair of lowest rank first: $pattern', (model) => {
  const encoder = createEncoder(model);
  fc.assert(
    fc.property(fc.oneof(mixedText, fc.constantFrom(...corpus.documents)), (text) => {
      expect(encoder.encode(text)).toEqual(naiveEncode(model, text));
    }),
    { numRuns: 60 },
  );
});

test.each(models)('decodes what it encoded, for any Unicode text: $pattern', (model) => {
  const encoder = createEncoder(model);
  fc.assert(
    fc.property(mixedText, (text) => {
      expect(encoder.decode(encoder.encode(text))).toBe(text);
    }),
  );
});

test('lone surrogates count as U+FFFD', () => {
  const encoder = createEncoder(gpt2);
  expect(encoder.encode('a\ud83d b\ude00')).toEqual(encoder.encode('a\ufffd b\ufffd'));
  expect(encoder.decode(encoder.encode('\ud83d'))).toBe('\ufffd');
});

test('keeps a byte order mark', () => {
  const encoder = createEncoder(gpt2);
  expect(encoder.decode(encoder.encode('\ufeffa'))).toBe('\ufeffa');
});

test('encodes a word of a million letters', () => {
  const encoder = createEncoder(gpt2);
  const word = 'ab'.repeat(500_000);
  expect(encoder.decode(encoder.encode(word))).toBe(word);
});

test('gives the same ids when the same words come again', () => {
  const encoder = createEncoder(gpt2);
  const first = encoder.encode(corpus.documents[0]!);
  first.push(0);
  expect(encoder.encode(corpus.documents[0]!)).toEqual(first.slice(0, -1));
});

describe('special tokens', () => {
  const encoder = createEncoder(gpt2);
  const end = gpt2.specialTokens[0]!.id;

  test('in a text are ordinary text unless they are allowed', () => {
    expect(encoder.encode('a<|endoftext|>')).not.toContain(end);
    expect(encoder.encode('a<|endoftext|>').length).toBeGreaterThan(2);
    expect(encoder.encode('a<|endoftext|>', { allowSpecial: true })).toEqual([...encoder.encode('a'), end]);
  });

  test('cut the text where they are allowed', () => {
    const ids = encoder.encode('a <|endoftext|><|pad|> b', { allowSpecial: true });
    expect(ids).toEqual([...encoder.encode('a '), end, gpt2.specialTokens[1]!.id, ...encoder.encode(' b')]);
  });

  test('match at their longest, and literally', () => {
    const utf8 = new TextEncoder();
    const contents = ['<s>', '<s>+', '[a|b]'];
    const model: BpeModel = {
      ...gpt2,
      vocabulary: [...gpt2.vocabulary, ...contents.map((content) => utf8.encode(content))],
      specialTokens: contents.map((content, i) => ({ content, id: gpt2.vocabulary.length + i })),
    };
    const [s, plus, bar] = model.specialTokens.map(({ id }) => id);
    expect(createEncoder(model).encode('<s>+<s>[a|b]', { allowSpecial: true })).toEqual([plus, s, bar]);
  });

  test('are written out when decoded, and stand for no bytes of text', () => {
    expect(encoder.decode([end])).toBe('<|endoftext|>');
    expect(encoder.tokenByteLength(end)).toBe(0);
    expect(Buffer.from(encoder.tokenBytes(end)).toString()).toBe('<|endoftext|>');
  });
});

test("the bytes of a text's tokens are its bytes, and their lengths add up", () => {
  const encoder = createEncoder(gpt2);
  fc.assert(
    fc.property(mixedText, (text) => {
      const ids = encoder.encode(text);
      const lengths = ids.map((id) => encoder.tokenByteLength(id));
      expect(lengths.reduce((a, b) => a + b, 0)).toBe(Buffer.byteLength(text));
      expect(Buffer.concat(ids.map((id) => encoder.tokenBytes(id)))).toEqual(Buffer.from(text));
    }),
  );
});

test('ignoreMerges takes a pre-token that is a token whole', () => {
  // Of the merges for "abc" only "a b" is left: they make "ab" and "c", although "abc" is a token.
  const base = { ...gpt2, vocabulary: gpt2.vocabulary.slice(0, 258), merges: [] };
  const id = (character: string): number =>
    base.vocabulary.findIndex((bytes) => Buffer.from(bytes).toString() === character);
  const model: BpeModel = {
    ...base,
    vocabulary: [...base.vocabulary, Buffer.from('ab'), Buffer.from('abc')],
    merges: [[id('a'), id('b')]],
  };
  expect(createEncoder(model).encode('abc')).toEqual([258, id('c')]);
  expect(createEncoder({ ...model, ignoreMerges: true }).encode('abc')).toEqual([259]);
});

describe('decodeStream', () => {
  test('gives a character when its last byte comes', () => {
    const encoder = createEncoder(gpt2);
    const byteIds = [...Buffer.from('é👍')].map((byte) =>
      gpt2.vocabulary.findIndex((bytes) => bytes.length === 1 && bytes[0] === byte),
    );
    const stream = encoder.decodeStream();
    expect(byteIds.map((id) => stream.push(id))).toEqual(['', 'é', '', '', '', '👍']);
    expect(stream.flush()).toBe('');
  });

  test('gives U+FFFD for a character that never ends, and can be used anew', () => {
    const stream = createEncoder(gpt2).decodeStream();
    const lead = gpt2.vocabulary.findIndex((bytes) => bytes.length === 1 && bytes[0] === 0xe6);
    expect([stream.push(lead), stream.flush()]).toEqual(['', '\ufffd']);
    expect(stream.push(gpt2.specialTokens[0]!.id)).toBe('<|endoftext|>');
  });

  test('gives in pieces what decode gives at once, for any ids', () => {
    const encoder = createEncoder(gpt2);
    const ids = fc.array(fc.integer({ min: 0, max: encoder.vocabularySize - 1 }));
    fc.assert(
      fc.property(ids, (tokens) => {
        const stream = encoder.decodeStream();
        const pieces = tokens.map((id) => stream.push(id));
        expect([...pieces, stream.flush()].join('')).toBe(encoder.decode(tokens));
      }),
    );
  });
});

test.each([-1, 700, 0.5, NaN])('refuses the id %d', (id) => {
  const encoder = createEncoder(gpt2);
  expect(encoder.vocabularySize).toBe(700);
  expect(() => encoder.decode([id])).toThrow(UserError);
  expect(() => encoder.decodeStream().push(id)).toThrow('not in the vocabulary');
  expect(() => encoder.tokenByteLength(id)).toThrow('from 0 to 699');
  expect(() => encoder.tokenBytes(id)).toThrow('from 0 to 699');
});
