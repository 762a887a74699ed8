/** @file Tests of encoding against ids that Hugging Face's tokenizers and tiktoken give to texts (scripts/parity/encoding.py). */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createEncoder } from './encoder.ts';
import { fromTokenizerJson } from './read-tokenizer-json.ts';
import { fixtures } from './test-fixtures.ts';
import { toTokenizerJson } from './tokenizer-json.ts';

interface Shape {
  normalizer: unknown;
  pre_tokenizer: unknown;
  added_tokens: unknown[];
  ignoreMerges: boolean;
  special: number[][];
  ordinary: number[][];
}

const golden = JSON.parse(readFileSync(new URL('../../../test/fixtures/encoding.json', import.meta.url), 'utf8')) as {
  texts: string[];
  tiktoken: number[][];
  shapes: Record<'gpt2' | 'llama3' | 'qwen2', Shape>;
};

function load(name: 'gpt2' | 'llama3' | 'qwen2') {
  const { normalizer, pre_tokenizer, added_tokens, ignoreMerges } = golden.shapes[name];
  const { tokenizer } = fixtures.find(({ pattern }) => pattern === (name === 'qwen2' ? 'gpt2' : name))!;
  const { vocab } = tokenizer.model;
  const model = {
    ...tokenizer.model,
    ignore_merges: ignoreMerges,
    vocab: name === 'llama3' ? { ...vocab, Ġzzz: Object.keys(vocab).length } : vocab,
  };
  return fromTokenizerJson(JSON.stringify({ ...tokenizer, normalizer, pre_tokenizer, added_tokens, model }), name);
}

const withText = (ids: readonly (readonly number[])[]) => ids.map((found, i) => [golden.texts[i], found]);

test('gives the ids of tiktoken', () => {
  const encoder = createEncoder(load('gpt2'));
  expect(withText(golden.texts.map((text) => encoder.encode(text)))).toEqual(withText(golden.tiktoken));
});

test.each(['gpt2', 'llama3', 'qwen2'] as const)('gives the ids of Hugging Face: a file like that of %s', (name) => {
  const model = load(name);
  const again = fromTokenizerJson(toTokenizerJson(model), 'ours');
  expect(again).toEqual(model);
  const encoder = createEncoder(model);
  const { special, ordinary } = golden.shapes[name];
  const ids = golden.texts.map((text) => encoder.encode(text, { allowSpecial: true }));
  expect(withText(ids)).toEqual(withText(special));
  expect(withText(golden.texts.map((text) => encoder.encode(text)))).toEqual(withText(ordinary));
  for (const [i, text] of golden.texts.entries()) {
    const expected = name === 'qwen2' ? segmentwiseNfc(text) : text;
    expect(encoder.decode(ids[i]!)).toBe(expected);
  }
});

/** Tokens that are found in the text are not normalized with what stands beside them. */
function segmentwiseNfc(text: string): string {
  const tokens = /(<\|endoftext\|>|<think>|<\/think>)/;
  return text
    .split(tokens)
    .map((part) => part.normalize('NFC'))
    .join('');
}
