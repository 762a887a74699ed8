/** @file Tests of the tokenizer's report. */
import { textBatches, trainBpe, type BpeModel } from '@arrowsmith/bpe';
import { expect, test } from 'vitest';
import { longestTokens, measureTokenizer } from './report.ts';

const TEXTS = ['the cat and the hat', 'the bird\n', '', 'cats — ça va? 漢字'];
const train = (vocabularySize: number) =>
  trainBpe(textBatches(TEXTS), { vocabularySize, pattern: 'gpt2', specialTokens: ['<|endoftext|>'] });

test('a tokenizer of single bytes gives one byte per token, and one token for words of one byte', async () => {
  const model = await train(257);
  const report = await measureTokenizer(model, textBatches(TEXTS));
  const bytes = TEXTS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  // The words: the· cat· and· the· hat; the· bird· newline; cats· —· ça· va· ?· 漢字: of these, the newline and ? are one byte.
  expect(report).toEqual({ documents: 4, bytes, tokens: bytes, words: 14, wholeWords: 2, roundTrips: 4 });
});

test('words that were learned are one token', async () => {
  const model = await train(261);
  const { tokens, bytes, wholeWords } = await measureTokenizer(model, textBatches(TEXTS));
  expect(tokens).toBeLessThan(bytes);
  expect(wholeWords).toBeGreaterThan(2);
});

test('a text that does not decode to itself is an error', async () => {
  const model = await train(257);
  const vocabulary = model.vocabulary.map((bytes) => (bytes[0] === 0x63 ? Uint8Array.of(0x64) : bytes)); // no c, but two d
  const defective = measureTokenizer({ ...model, vocabulary }, textBatches(['c']));
  await expect(defective).rejects.toThrow('document 0 does not decode to itself');
});

test('normalization counts as the same text', async () => {
  const model: BpeModel = { ...(await train(257)), normalizers: [{ type: 'NFC' }] };
  expect(await measureTokenizer(model, textBatches(['e\u0301']))).toMatchObject({ documents: 1, bytes: 3, tokens: 2 });
});

test('of a tokenizer that loses text by its nature, the documents that come back are counted', async () => {
  const model: BpeModel = { ...(await train(257)), prefixSpace: true };
  expect(await measureTokenizer(model, textBatches(['cat', ' hat', 'that']))).toMatchObject({
    documents: 3,
    roundTrips: 1,
  });
});

test('the longest tokens, without special ones', async () => {
  const model = await train(261);
  const longest = longestTokens(model, 2).map((bytes) => Buffer.from(bytes).toString());
  const lengths = model.vocabulary.slice(1).map(({ length }) => length);
  expect(longest.map(({ length }) => length)).toEqual(lengths.sort((a, b) => b - a).slice(0, 2));
  expect(longest).not.toContain('<|endoftext|>');
});
