/** @file Tests of the BPE trainer. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '@arrowsmith/errors';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spellBytes, unspellBytes } from './byte-alphabet.ts';
import { createEncoder } from './encoder.ts';
import { mergeProducts } from './merge-products.ts';
import { latin1, type BpeModel } from './model.ts';
import { preTokens } from './testing/pre-tokens.ts';
import { corpus, fixtures } from './test-fixtures.ts';
import { toTokenizerJson } from './tokenizer-json.ts';
import { textBatches } from './text-batch.ts';
import { trainBpe, type TrainBpeOptions, type TrainBpeProgress } from './trainer.ts';

const STORIES = fileURLToPath(new URL('../../../../shared/data/tinystories-train-2M.txt', import.meta.url));

/** Merges as pairs of spelled tokens. */
const spelledMerges = (model: BpeModel): string[] =>
  model.merges.map((pair) => pair.map((id) => spellBytes(model.vocabulary[id]!)).join(' '));

describe('compared with Hugging Face tokenizers', () => {
  test.each(fixtures)('learns the same vocabulary and merges: $pattern', async (fixture) => {
    const { vocabularySize, minimumFrequency, pattern, specialTokens, tokenizer } = fixture;
    const options = { vocabularySize, minimumFrequency, pattern, specialTokens };
    const model = await trainBpe(textBatches(corpus.documents), options);
    const merges = model.merges.map((pair) => pair.map((id) => spellBytes(model.vocabulary[id]!)));
    expect(merges).toEqual(tokenizer.model.merges);
    const vocabulary = model.vocabulary.map((bytes, id) => [id < 2 ? specialTokens[id]! : spellBytes(bytes), id]);
    expect(Object.fromEntries(vocabulary)).toEqual(tokenizer.model.vocab);
  });
});

/** BPE as its definition says: counts all pairs anew before each merge. */
function naiveMerges(documents: readonly string[], options: TrainBpeOptions): string[] {
  const { specialTokens, vocabularySize, minimumFrequency = 2, tieBreak = 'smallerIds' } = options;
  const alphabet = Array.from({ length: 256 }, (_, byte) => spellBytes(Uint8Array.of(byte))).sort();
  const ids = new Map([...specialTokens, ...alphabet].map((token, id) => [token, id]));
  let words = documents.flatMap((document) =>
    [...preTokens(document, options.pattern)].map((word) => [...spellBytes(Buffer.from(word))]),
  );
  const merges: string[] = [];
  while (ids.size < vocabularySize) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 1; i < word.length; i++) {
        const pair = `${word[i - 1]} ${word[i]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const idsOf = (pair: string): number[] => pair.split(' ').map((token) => ids.get(token)!);
    const best = [...counts].sort(([pairA, countA], [pairB, countB]) => {
      if (tieBreak === 'largerPair') {
        const [a, b] = [pairA, pairB].map((pair) => pair.split(' ').map((token) => Buffer.from(unspellBytes(token)!)));
        return countB - countA || Buffer.compare(b![0]!, a![0]!) || Buffer.compare(b![1]!, a![1]!);
      }
      const [a, b] = [idsOf(pairA), idsOf(pairB)];
      return countB - countA || a[0]! - b[0]! || a[1]! - b[1]!;
    })[0];
    if (best === undefined || best[1] < minimumFrequency) break;
    const [left, right] = best[0].split(' ') as [string, string];
    merges.push(best[0]);
    ids.set(left + right, ids.size);
    words = words.map((word) => {
      const merged: string[] = [];
      for (let i = 0; i < word.length; i++) {
        const joined = word[i] === left && word[i + 1] === right;
        merged.push(joined ? left + right : word[i]!);
        if (joined) i++;
      }
      return merged;
    });
  }
  return merges;
}

test('learns the merges that the definition of BPE gives, on any text', async () => {
  const documents = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', 'é'), maxLength: 40 }), {
    minLength: 1,
    maxLength: 8,
  });
  const settings = fc.record({
    pattern: fc.constantFrom('gpt2', 'none'),
    minimumFrequency: fc.integer({ min: 1, max: 4 }),
    tieBreak: fc.constantFrom('smallerIds', 'largerPair'),
  });
  await fc.assert(
    fc.asyncProperty(documents, settings, async (texts, setting) => {
      const options = { vocabularySize: 300, specialTokens: [], ...setting };
      const expected = naiveMerges(texts, options);
      fc.pre(expected.length > 0);
      const model = await trainBpe(textBatches(texts), { ...options, vocabularySize: 256 + expected.length });
      expect(spelledMerges(model)).toEqual(expected);
    }),
  );
});

test('merges the pairs of the example of Sennrich et al. (2016) by frequency', async () => {
  // low 5, lower 2, newest 6, widest 3: es 9, then est 9 (ties: the smaller pair of ids first), then lo 7, low 7.
  const text = ['low '.repeat(5), 'lower '.repeat(2), 'newest '.repeat(6), 'widest '.repeat(3)].join('');
  const documents = text.trim().split(' ');
  const model = await trainBpe(textBatches(documents), { vocabularySize: 261, pattern: 'gpt2', specialTokens: [] });
  expect(spelledMerges(model)).toEqual(['e s', 'es t', 'l o', 'lo w', 'e w']);
});

test('merges from left to right where a pair overlaps itself', async () => {
  const options = { vocabularySize: 259, minimumFrequency: 1, pattern: 'gpt2', specialTokens: [] } as const;
  // a a a a a, then aa aa a; of the pairs that then occur once, the one with the smaller id on its right comes first.
  expect(spelledMerges(await trainBpe(textBatches(['aaaaa']), options))).toEqual(['a a', 'aa a', 'aa aaa']);
});

test('gives special tokens the first ids, then the bytes', async () => {
  const model = await trainBpe(textBatches(['abab']), {
    vocabularySize: 259,
    pattern: 'gpt2',
    specialTokens: ['<s>', '</s>'],
  });
  expect(model.specialTokens).toEqual([
    { content: '<s>', id: 0 },
    { content: '</s>', id: 1 },
  ]);
  expect(model.vocabulary.map((bytes) => Buffer.from(bytes).toString('latin1')).slice(0, 4)).toEqual([
    '<s>',
    '</s>',
    '!',
    '"',
  ]);
  expect(Buffer.from(model.vocabulary[258]!).toString()).toBe('ab');
});

async function* backwards(documents: readonly string[]): AsyncGenerator<string> {
  for (let i = documents.length - 1; i >= 0; i--) yield documents[i]!;
}

test('gives the same model whatever the order of documents and however they are streamed', async () => {
  const options = { vocabularySize: 600, pattern: 'gpt2', specialTokens: ['<|endoftext|>'] } as const;
  expect(await trainBpe(textBatches(backwards(corpus.documents)), options)).toEqual(
    await trainBpe(textBatches(corpus.documents), options),
  );
});

test('of equally frequent pairs largerPair takes the one of greater bytes, as the example of CS336 has it', async () => {
  const text = [' low'.repeat(5), ' lower'.repeat(2), ' widest'.repeat(3), ' newest'.repeat(6)].join('');
  const options = { vocabularySize: 262, pattern: 'none', tieBreak: 'largerPair', specialTokens: [] } as const;
  const documents = text.trim().split(' ');
  const model = await trainBpe(textBatches(documents), options);
  expect(spelledMerges(model)).toEqual(['s t', 'e st', 'o w', 'l ow', 'w est', 'n e']);
});

test('gives the same model whatever the number of threads', async () => {
  const options = { vocabularySize: 600, pattern: 'llama3', specialTokens: [] } as const;
  // 17 MB, so that workers are started and each counts more than one piece.
  const documents = Array.from({ length: 17 }, (_, i) =>
    corpus.documents
      .slice(i)
      .join('\n')
      .repeat(1e6 / 12_000),
  );
  const models = [];
  for (const threads of [1, 2]) models.push(await trainBpe(textBatches(documents), { ...options, threads }));
  expect(models[1]).toEqual(models[0]);
});

test('learns from bytes that are not UTF-8', async () => {
  const bytes = Uint8Array.from([0xff, 0xfe, 0, 0xff, 0xfe, 0, 0xff, 0xfe, 0xed, 0xa0]);
  const options = { vocabularySize: 258, pattern: 'gpt2', specialTokens: [] } as const;
  const model = await trainBpe([{ bytes, offsets: Int32Array.of(0, 10) }], options);
  expect(model.vocabulary.slice(256).map((token) => [...token])).toEqual([
    [0xff, 0xfe],
    [0, 0xff, 0xfe], // as frequent as ff fe 00, and the id of 00 is smaller than that of ff fe
  ]);
});

test('takes a long line of one character, or without any space, like other words', async () => {
  const options = { vocabularySize: 274, minimumFrequency: 1, pattern: 'gpt2', specialTokens: [] } as const;
  const same = await trainBpe(textBatches(['a'.repeat(2 ** 20)]), { ...options, vocabularySize: 276 });
  expect(same.vocabulary.slice(256).map(({ length }) => length)).toEqual(
    Array.from({ length: 20 }, (_, i) => 2 ** (i + 1)),
  );
  const line = await trainBpe(textBatches(['abc'.repeat(2 ** 18)]), options);
  expect(line.vocabulary.at(-1)!.length).toBe(3 * 2 ** 16);
});

test('never learns a token that is spelled like a special token', async () => {
  const options = { vocabularySize: 258, minimumFrequency: 1, pattern: 'gpt2', specialTokens: ['ab'] } as const;
  const model = await trainBpe(textBatches(['abc abc abc']), options);
  expect(spelledMerges(model)).toEqual(['b c']);
  expect(createEncoder(model).encode('ab')).toHaveLength(2);
});

describe('refuses', () => {
  const options = { vocabularySize: 300, pattern: 'gpt2', specialTokens: ['<|endoftext|>'] } as const;
  const text = ['some text, some more text'];

  test('a vocabulary that the text cannot fill, and says how far it comes', async () => {
    const failure = trainBpe(textBatches(text), options);
    await expect(failure).rejects.toThrow(UserError);
    // so om me te ex xt " some" " text" ...: what the naive trainer reaches.
    const reached = 257 + naiveMerges(text, options).length;
    await expect(failure).rejects.toThrow(`enough for ${reached} tokens only, not for 300`);
    await expect(trainBpe(textBatches(text), { ...options, vocabularySize: reached })).resolves.toBeDefined();
  });

  test('a vocabulary without room for bytes and special tokens', async () => {
    await expect(trainBpe(textBatches(text), { ...options, vocabularySize: 256 })).rejects.toThrow('at least 257');
  });

  test.each([[[]], [['']]])('an empty corpus %j', async (documents) => {
    await expect(trainBpe(textBatches(documents), options)).rejects.toThrow('no text');
  });

  test.each([[''], ['a'], ['Ġ'], ['<\ud800>']])('the special token %j', async (token) => {
    await expect(trainBpe(textBatches(text), { ...options, specialTokens: [token] })).rejects.toThrow('cannot be used');
  });

  test('a special token that is listed twice', async () => {
    await expect(trainBpe(textBatches(text), { ...options, specialTokens: ['<s>', '<s>'] })).rejects.toThrow(
      'listed twice',
    );
  });
});

test('reports documents counted, then the size of the vocabulary', async () => {
  const seen: TrainBpeProgress[] = [];
  const options = { vocabularySize: 600, pattern: 'gpt2', specialTokens: [] } as const;
  await trainBpe(textBatches(corpus.documents), { ...options, onProgress: (progress) => seen.push(progress) });
  expect(seen.findLast(({ phase }) => phase === 'count')).toEqual({ phase: 'count', done: 60, total: undefined });
  expect(seen.at(-1)).toEqual({ phase: 'merge', done: 600, total: 600 });
});

test('stops where it is aborted', async () => {
  const controller = new AbortController();
  function* endless(): Generator<string> {
    for (let i = 0; ; i++) {
      if (i === 10) controller.abort(new Error('stopped'));
      yield corpus.documents[i % corpus.documents.length]!;
    }
  }
  const options = { vocabularySize: 600, pattern: 'gpt2', specialTokens: [], signal: controller.signal } as const;
  await expect(trainBpe(textBatches(endless()), options)).rejects.toThrow('stopped');
});

test('learns 4096 tokens from 2 MiB of stories', async (context) => {
  context.skip(!existsSync(STORIES), 'needs ../shared/data/tinystories-train-2M.txt');
  const stories = readFileSync(STORIES, 'utf8').split('<|endoftext|>');
  const options = { vocabularySize: 4096, pattern: 'gpt2', specialTokens: ['<|endoftext|>'] } as const;
  const model = await trainBpe(textBatches(stories), options);

  expect(model.vocabulary).toHaveLength(4096);
  expect(model.merges).toHaveLength(4096 - 257);
  expect(new Set(model.vocabulary.map(latin1)).size).toBe(4096);
  const json = JSON.parse(toTokenizerJson(model)) as { model: { merges: string[][] } };
  // The first merges of Hugging Face tokenizers 0.23.3 on this file.
  expect(json.model.merges.slice(0, 8).map((pair) => pair.join(' '))).toMatchInlineSnapshot(`
    [
      "h e",
      "Ġ t",
      "Ġ a",
      "Ġ s",
      "Ġ w",
      "n d",
      "Ġt he",
      "e d",
    ]
  `);

  const products = mergeProducts(model);
  expect([...products]).toEqual(Array.from({ length: 3839 }, (_, rank) => 257 + rank));

  const encoder = createEncoder(model);
  const ids = stories.map((story) => encoder.encode(story));
  expect(ids.map((story) => encoder.decode(story))).toEqual(stories);
  const tokens = ids.reduce((total, story) => total + story.length, 0);
  const bytes = stories.reduce((total, story) => total + Buffer.byteLength(story), 0);
  // Stories come to 4.0 - 4.1 bytes per token with GPT-2's 50257 tokens; with 4096 tokens of their own to about 3.8.
  expect(bytes / tokens).toBeGreaterThan(3.6);
  expect(bytes / tokens).toBeLessThan(4.2);
});
