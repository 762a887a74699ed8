import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockDigest, rootDigest } from './block-digest.ts';
import { BlockLayout } from './block-layout.ts';
import { BlockPool } from './block-pool.ts';
import { cachedPrefix } from './cached-prefix.ts';
import { configOfLayers } from './testing/configs.ts';

const BLOCK_SIZE = 2;
const root = rootDigest('');
const tokens = Array.from({ length: 21 }, (_, i) => i);
const digests = Array.from({ length: 10 }, (_, i) => tokens.slice(2 * i, 2 * i + 2)).reduce<string[]>(
  (chain, block) => [...chain, blockDigest(chain.at(-1) ?? root, block)],
  [],
);

/** How many blocks are found of a prompt of 21 tokens, where for each layer these blocks are there. */
function found(layers: Parameters<typeof configOfLayers>[0], there: readonly (readonly number[])[]): number {
  const config = configOfLayers(layers, 32);
  const layout = new BlockLayout(config, (groups) => groups.map((span, i) => ({ groups: [i], span })), {
    blockSize: BLOCK_SIZE,
  });
  const pool = new BlockPool(40, layout.blocksPerPage);
  const blocks = pool.allocate(there.map(({ length }) => length))?.blocks ?? [];
  for (const [kind, numbers] of there.entries()) {
    for (const [i, number] of numbers.entries()) pool.register(blocks[kind]![i]!, digests[number]!);
  }
  return cachedPrefix(layout, pool, root, tokens).length;
}

const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

describe('a prefix is found', () => {
  test('where layers see everything, up to the first block that is missing', () => {
    expect(found([{}], [all])).toBe(10);
    expect(found([{}], [[0, 1, 2, 4, 5]])).toBe(3);
    expect(found([{}], [[1, 2, 3]])).toBe(0);
  });

  test('where they have a window, up to the last run of blocks as long as that', () => {
    // The query after 6 blocks, at 12, sees from 9.
    expect(found([{ window: 4 }], [[4, 5]])).toBe(6);
    expect(found([{ window: 4 }], [[0, 1, 5]])).toBe(2);
  });

  test('where they have chunks, up to where the blocks of a chunk are there; a chunk that begins needs none', () => {
    expect(found([{ chunk: 8 }], [[4, 5]])).toBe(8);
    expect(found([{ chunk: 8 }], [[4, 5, 8]])).toBe(9);
    expect(found([{ chunk: 6 }], [[0, 6]])).toBe(9);
  });

  test('where there are several kinds, as far as it is in all', () => {
    expect(found([{ window: 4 }, { chunk: 8 }, {}], [[3, 4, 6, 7], [4, 5, 6], all])).toBe(8);
    expect(
      found(
        [{ window: 4 }, { chunk: 8 }, {}],
        [
          [3, 4, 6, 7],
          [4, 5, 6],
          [0, 1, 2, 3, 4],
        ],
      ),
    ).toBe(5);
    expect(
      found(
        [{ window: 4 }, { chunk: 8 }, {}],
        [
          [3, 4, 6, 7],
          [5, 6],
          [0, 1, 2, 3],
        ],
      ),
    ).toBe(0);
  });
});

test('what is found is the longest prefix of which each layer has all that the next query sees', () => {
  const span = fc.record({ window: fc.nat({ max: 9 }), chunk: fc.nat({ max: 9 }) });
  const numbers = fc.subarray(all, { minLength: 4 });
  fc.assert(
    fc.property(span, span, numbers, numbers, (one, other, ofOne, ofOther) => {
      // Layers that see alike would be of one kind: the number of heads tells them apart.
      const layers = [one, { ...other, kvHeads: 2 }];
      const sees = ({ window, chunk }: typeof one, query: number, key: number) =>
        (window === 0 || query - key < window) &&
        (chunk === 0 || Math.floor(key / chunk) === Math.floor(query / chunk));
      const suffices = (count: number) =>
        [one, other].every((layer, i) =>
          tokens
            .slice(0, count * BLOCK_SIZE)
            .filter((key) => sees(layer, count * BLOCK_SIZE, key))
            .every((key) => [ofOne, ofOther][i]?.includes(Math.floor(key / BLOCK_SIZE))),
        );
      expect(found(layers, [ofOne, ofOther])).toBe([0, ...all.map((i) => i + 1)].findLast(suffices));
    }),
  );
});
