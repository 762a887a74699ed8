import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { blockDigest, rootDigest } from './block-digest.ts';

const chain = (salt: string, blocks: readonly (readonly number[])[]): string =>
  blocks.reduce((parent, tokens) => blockDigest(parent, tokens), rootDigest(salt));

test('a digest is SHA-256 of that before it and of tokens, four bytes each', () => {
  const root = createHash('sha256').update('keys and values t\0').digest();
  expect(rootDigest('t')).toBe(root.toString('hex'));
  const tokens = Buffer.from([1, 0, 0, 0, 0, 1, 0, 0]);
  const expected = createHash('sha256').update(root).update(tokens).digest('hex');
  expect(blockDigest(rootDigest('t'), [1, 256])).toBe(expected);
});

test('blocks have the same digest only if salt, tokens and all tokens before them are the same', () => {
  const block = fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 }));
  const content = fc.tuple(fc.constantFrom('', 'a', 'b'), fc.array(block, { maxLength: 3 }));
  fc.assert(
    fc.property(content, content, (one, other) => {
      expect(chain(...one) === chain(...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test('salts that UTF-8 has the same bytes for are told apart', () => {
  expect(rootDigest('\ud800')).not.toBe(rootDigest('\udbff'));
});
