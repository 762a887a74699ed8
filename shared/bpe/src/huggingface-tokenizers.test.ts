/** @file Tests of encoding against the JavaScript implementation of Hugging Face, as a second witness beside the fixtures. */

import { Tokenizer } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { createEncoder } from './encoder.ts';
import { corpus, fixtures } from './test-fixtures.ts';
import { toTokenizerJson } from './tokenizer-json.ts';
import { textBatches } from './text-batch.ts';
import { trainBpe } from './trainer.ts';

test.each(fixtures)('@huggingface/tokenizers loads our tokenizer.json and agrees: $pattern', async (fixture) => {
  const model = await trainBpe(textBatches(corpus.documents), fixture);
  const encoder = createEncoder(model);
  const peer = new Tokenizer(JSON.parse(toTokenizerJson(model)) as object, {});
  for (const text of [...corpus.texts, ...corpus.documents].filter((candidate) => candidate !== '')) {
    const ids = encoder.encode(text, { allowSpecial: true });
    expect(ids).toEqual(peer.encode(text, { add_special_tokens: false }).ids);
    expect(peer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false })).toBe(text);
  }
});
