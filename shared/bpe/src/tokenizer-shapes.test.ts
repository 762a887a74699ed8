/** @file Tests of the import of tokenizer.json files of many shapes against Hugging Face's ids (scripts/parity/tokenizer-shapes.py). */

import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { createEncoder } from './encoder.ts';
import { isLossless } from './model.ts';
import { fromTokenizerJson } from './read-tokenizer-json.ts';
import { fixtures } from './test-fixtures.ts';
import { toTokenizerJson } from './tokenizer-json.ts';

interface Shape {
  name: string;
  normalizer: unknown;
  pre_tokenizer: unknown;
  added_tokens: object[];
  model: object;
  /** Ids of the texts, special tokens found. */
  special: number[][];
  /** Ids where special tokens are text, of the texts of which these differ. */
  ordinary: Record<string, number[]>;
}

const { texts, shapes } = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/tokenizer-shapes.json', import.meta.url), 'utf8'),
) as { texts: string[]; shapes: Shape[] };
const base = fixtures.find(({ pattern }) => pattern === 'gpt2')!.tokenizer;

function jsonOf({ normalizer, pre_tokenizer, added_tokens, model }: Shape): string {
  return JSON.stringify({ ...base, normalizer, pre_tokenizer, added_tokens, model: { ...base.model, ...model } });
}

test.each(shapes)('gives the ids of Hugging Face: $name', (shape) => {
  const model = fromTokenizerJson(jsonOf(shape), shape.name);
  const again = fromTokenizerJson(toTokenizerJson(model), 'written');
  expect(again).toEqual(model);
  for (const { encode, decode } of [createEncoder(model), createEncoder(again)]) {
    const special = texts.map((text) => encode(text, { allowSpecial: true }));
    expect(special).toEqual(shape.special);
    expect(texts.map((text) => encode(text))).toEqual(special.map((ids, i) => shape.ordinary[i] ?? ids));
    const decoded = special.map((ids) => decode(ids));
    expect(decoded).toEqual(isLossless(model) ? texts : decoded);
  }
});

test('ids beyond a gap are those of @huggingface/tokenizers, which keeps what the file says', () => {
  const gap = { id: 900, content: '<gap>', special: false, normalized: false };
  const json = JSON.stringify({ ...base, added_tokens: [...base.added_tokens, gap] });
  const { encode } = createEncoder(fromTokenizerJson(json, 'gap'));
  const peer = new Tokenizer(JSON.parse(json) as object, {});
  for (const text of ['the <gap> bird', '<gap><gap>', 'no gap']) {
    expect(encode(text)).toEqual(peer.encode(text, { add_special_tokens: false }).ids);
  }
});
