import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashWord } from './hash-word.ts';

test('a text’s word is the first of its SHA-256, as Node computes it', () => {
  for (const text of ['', 'abc', '1/model.embed_tokens.weight', 'ein Wörtchen 🐈']) {
    expect(hashWord(text)).toBe(createHash('sha256').update(text).digest().readInt32LE());
  }
});
