import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockPool, type Block } from './block-pool.ts';

/** Takes one block of a kind. */
function take(pool: BlockPool, kind = 0): Block {
  const counts = Array.from({ length: kind + 1 }, (_, i) => Number(i === kind));
  const block = pool.allocate(counts)?.blocks[kind]?.[0];
  if (block === undefined) throw new Error('there is no room');
  return block;
}

/** Takes a block, names it, and releases it. */
function cache(pool: BlockPool, digest: string, kind = 0): Block {
  const block = take(pool, kind);
  pool.register(block, digest);
  pool.release(block);
  return block;
}

describe('a pool of one kind', () => {
  test('gives each block to one, and none where all are taken', () => {
    const pool = new BlockPool(3, [1]);
    const [blocks = []] = pool.allocate([3])?.blocks ?? [];
    expect(new Set(blocks.map(({ index }) => index))).toEqual(new Set([0, 1, 2]));
    expect(pool.allocate([1])).toBeUndefined();
    pool.check();
  });

  test('takes all that is asked for, or nothing', () => {
    const pool = new BlockPool(3, [1]);
    take(pool);
    expect(pool.allocate([3])).toBeUndefined();
    expect(pool.hasRoom([2])).toBe(true);
    pool.check();
  });

  test('a block is free when its last reference is released', () => {
    const pool = new BlockPool(1, [1]);
    const block = take(pool);
    pool.share(block);
    pool.release(block);
    expect(pool.hasRoom([1])).toBe(false);
    pool.release(block);
    expect(pool.hasRoom([1])).toBe(true);
    expect(() => pool.release(block)).toThrow('more often');
  });

  test('a released block with a digest is found, until its room is needed', () => {
    const pool = new BlockPool(2, [1]);
    const block = cache(pool, 'a');
    expect(pool.find(0, 'a')).toBe(block);
    take(pool);
    expect(pool.find(0, 'a')).toBe(block);
    take(pool);
    expect(pool.find(0, 'a')).toBeUndefined();
    pool.check();
  });

  test('what is unused for longest is evicted first; use counts anew', () => {
    const pool = new BlockPool(3, [1]);
    // Three at once, as a released one would be taken again.
    const blocks = ['a', 'b', 'c'].map((digest) => {
      const block = take(pool);
      pool.register(block, digest);
      return block;
    });
    for (const block of blocks) pool.release(block);
    const a = pool.find(0, 'a');
    if (a !== undefined) pool.share(a);
    if (a !== undefined) pool.release(a);
    const left = () => ['a', 'b', 'c'].filter((digest) => pool.find(0, digest) !== undefined);
    take(pool);
    expect(left()).toEqual(['a', 'c']);
    take(pool);
    expect(left()).toEqual(['a']);
    pool.check();
  });

  test('of two blocks with one content, the first stays the one to be found', () => {
    const pool = new BlockPool(2, [1]);
    const [first, second] = [take(pool), take(pool)];
    pool.register(first, 'a');
    pool.register(second, 'a');
    expect(pool.find(0, 'a')).toBe(first);
    pool.release(second);
    expect(pool.counts()).toEqual([{ used: 1, cached: 0, freeInBusyPages: 0 }]);
    pool.check();
  });
});

describe('a pool of two kinds, of which a page holds 3 and 2 blocks', () => {
  test('a page is of one kind at a time, and goes back when none of its blocks is used', () => {
    const pool = new BlockPool(1, [3, 2]);
    const one = take(pool, 0);
    expect(pool.hasRoom([2, 0])).toBe(true);
    expect(pool.hasRoom([0, 1])).toBe(false);
    pool.release(one);
    expect(pool.hasRoom([0, 2])).toBe(true);
    expect([take(pool, 1), take(pool, 1)].map(({ index }) => index).sort()).toEqual([0, 1]);
    pool.check();
  });

  test('blocks of one page are where the page is, whatever its kind', () => {
    const pool = new BlockPool(2, [3, 2]);
    const threes = pool.allocate([3, 0])?.blocks[0] ?? [];
    const twos = pool.allocate([0, 2])?.blocks[1] ?? [];
    const pageOf = (blocks: readonly Block[], perPage: number) =>
      new Set(blocks.map(({ index }) => Math.floor(index / perPage)));
    expect(pageOf(threes, 3)).toEqual(new Set([0]));
    expect(pageOf(twos, 2)).toEqual(new Set([1]));
  });

  test('an idle page is evicted for another kind, with all that it caches', () => {
    const pool = new BlockPool(1, [3, 2]);
    const block = cache(pool, 'a');
    expect(pool.find(0, 'a')).toBe(block);
    expect(pool.find(1, 'a')).toBeUndefined();
    take(pool, 1);
    expect(pool.find(0, 'a')).toBeUndefined();
    pool.check();
  });

  test('where all pages are busy, used blocks move to unused places of their kind', () => {
    const pool = new BlockPool(2, [3, 2]);
    const blocks = pool.allocate([6, 0])?.blocks[0] ?? [];
    const stay = blocks.filter((_, i) => i % 3 === 1);
    for (const block of blocks) if (!stay.includes(block)) pool.release(block);
    const before = stay.map(({ index }) => index);
    const allocated = pool.allocate([1, 2]);
    expect(allocated?.blocks.map(({ length }) => length)).toEqual([1, 2]);
    const [move, ...others] = allocated?.moves ?? [];
    expect(others).toEqual([]);
    const moved = stay.findIndex((block, i) => block.index !== before[i]);
    expect(move).toEqual({ kind: 0, from: before[moved], to: stay[moved]?.index });
    pool.check();
    expect(pool.allocate([0, 1])).toBeUndefined();
  });

  test('while there are free pages, nothing is evicted', () => {
    const pool = new BlockPool(3, [3, 2]);
    const [first, second] = pool.allocate([2, 0])?.blocks[0] ?? [];
    if (first === undefined || second === undefined) throw new Error('there are two');
    pool.register(second, 'b');
    pool.release(second);
    for (let i = 0; i < 4; i++) take(pool, 0);
    expect(pool.find(0, 'b')).toBe(second);
  });
});

test('what is to be had is had, and what is counted is there, whatever is taken and released', () => {
  const perPage = [3, 2, 1];
  const number = fc.nat({ max: 1000 });
  const step = fc.tuple(fc.constantFrom('allocate', 'share', 'release', 'register'), number, number);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), (pages, steps) => {
      const pool = new BlockPool(pages, perPage);
      const held: Block[] = [];
      /** How many blocks came, and how many were to come. */
      const results: [number[] | undefined, number[] | undefined][] = [];
      const capacity = (kind: number) => pages * (perPage[kind] ?? 0);
      for (const [what, which, size] of steps) {
        const block = held[which % held.length];
        if (what === 'allocate') {
          const counts = [which % 4, size % 3, (which + size) % 2];
          const hadRoom = pool.hasRoom(counts);
          const { blocks } = pool.allocate(counts) ?? {};
          results.push([blocks?.map(({ length }) => length), hadRoom ? counts : undefined]);
          held.push(...(blocks?.flat() ?? []));
        } else if (block !== undefined) {
          if (what === 'share') held.push(block);
          if (what === 'share') pool.share(block);
          if (what === 'register') pool.register(block, `${size}`);
          if (what === 'release') pool.release(held.splice(which % held.length, 1)[0] ?? block);
        }
        pool.check();
        for (const [kind, { used }] of pool.counts().entries()) {
          const distinct = new Set(held.filter(({ page }) => page.kind.number === kind));
          expect(used).toBe(distinct.size);
          expect(used).toBeLessThanOrEqual(capacity(kind));
        }
      }
      expect(results.map(([had]) => had)).toEqual(results.map(([, expected]) => expected));
      for (const block of held) pool.release(block);
      pool.check();
      for (const kind of perPage.keys()) {
        const everything = perPage.map((_, other) => (other === kind ? capacity(kind) : 0));
        expect(pool.hasRoom(everything)).toBe(true);
      }
    }),
  );
});
