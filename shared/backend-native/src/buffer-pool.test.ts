import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BufferPool, sizeClass, SMALLEST_POOLED } from './buffer-pool.ts';

/** A pool over the plain heap, and the bytes that it has asked for and not released. */
function countingPool() {
  const count = { held: 0, allocated: 0 };
  const pool = new BufferPool(
    (bytes) => {
      count.held += bytes;
      count.allocated++;
      return new ArrayBuffer(bytes);
    },
    ({ byteLength }) => void (count.held -= byteLength),
  );
  return { pool, count };
}

const FLOATS = SMALLEST_POOLED / 4;

describe('sizes', () => {
  test('a buffer holds what is asked for and at most an eighth more', () => {
    fc.assert(
      fc.property(fc.integer({ min: SMALLEST_POOLED, max: 2 ** 40 }), (bytes) => {
        const size = sizeClass(bytes);
        expect(size).toBeGreaterThanOrEqual(bytes);
        expect(size).toBeLessThanOrEqual(1.125 * bytes);
        expect(size % 4).toBe(0);
      }),
    );
  });

  test('there are eight sizes to a doubling', () => {
    const sizes = new Set<number>();
    for (let bytes = 65_536; bytes < 131_072; bytes += 4) sizes.add(sizeClass(bytes + 4));
    expect(sizes.size).toBe(8);
  });
});

describe('a pool', () => {
  test('hands out memory again, the last given back first', () => {
    const { pool, count } = countingPool();
    const [a, b] = [pool.take(10 * FLOATS), pool.take(10 * FLOATS)];
    pool.give(a);
    pool.give(b);
    const again = pool.take(10 * FLOATS - 1); // of the same size class
    expect(again.buffer).toBe(b.buffer);
    expect(again).toHaveLength(10 * FLOATS - 1);
    expect(count.allocated).toBe(2);
  });

  test('takes small arrays from the heap', () => {
    const { pool, count } = countingPool();
    const small = pool.take(FLOATS - 1);
    expect(pool.owns(small)).toBe(false);
    pool.give(small);
    expect(count.allocated).toBe(0);
    expect(pool.memory()).toEqual({ inUse: 0, kept: 0, resident: 0 });
  });

  test('does not take back what is not its own, nor the same twice', () => {
    const { pool } = countingPool();
    const own = pool.take(FLOATS);
    pool.give(new Float32Array(FLOATS));
    pool.give(own);
    pool.give(own);
    expect(pool.memory()).toEqual({ inUse: 0, kept: SMALLEST_POOLED, resident: SMALLEST_POOLED });
    expect(pool.take(FLOATS).buffer).not.toBe(pool.take(FLOATS).buffer);
  });

  test('parts with its oldest buffers first', () => {
    const { pool, count } = countingPool();
    const [old, recent] = [pool.take(8 * FLOATS), pool.take(16 * FLOATS)];
    pool.give(old);
    pool.give(recent);
    pool.take(20 * FLOATS); // of a size that there is none of; 44 in all exceed 1.1 times the 24 there were
    expect(count.held).toBe(20 * SMALLEST_POOLED); // neither fits any more: 16 + 20 are too many as well
    const { pool: larger, count: countOfLarger } = countingPool();
    const [first, second, third] = [8, 16, 24].map((size) => larger.take(size * FLOATS));
    for (const values of [first!, second!, third!]) larger.give(values);
    larger.take(12 * FLOATS); // 48 + 12 exceed 52.8: the first goes
    expect(countOfLarger.held).toBe((16 + 24 + 12) * SMALLEST_POOLED);
  });

  test('never holds more than 1.1 times what was ever in use, and knows what it holds', () => {
    const operation = fc.record({ give: fc.boolean(), which: fc.nat(50), kilobytes: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const { pool, count } = countingPool();
        const taken: Float32Array[] = [];
        let most = 0;
        for (const { give, which, kilobytes } of operations) {
          if (give && taken.length > 0) pool.give(taken.splice(which % taken.length, 1)[0]!);
          else taken.push(pool.take(256 * kilobytes));
          const { inUse, kept } = pool.memory();
          most = Math.max(most, inUse);
          expect(inUse + kept).toBe(count.held);
          expect(count.held).toBeLessThanOrEqual(1.1 * most);
        }
        const buffers = taken.filter((values) => pool.owns(values)).map(({ buffer }) => buffer);
        expect(new Set(buffers).size).toBe(buffers.length); // no two share memory
      }),
    );
  });

  test('counts the pages of buffers that may have been written to, until it parts with them', () => {
    const { pool } = countingPool();
    const resident = () => pool.memory().resident;
    pool.give(pool.take(100 * FLOATS - 10)); // in 104 pages, of which 100 are written to
    expect(resident()).toBe(100 * SMALLEST_POOLED);
    pool.give(pool.take(98 * FLOATS)); // in the same buffer
    expect(resident()).toBe(100 * SMALLEST_POOLED);
    pool.give(pool.take(103 * FLOATS));
    expect(resident()).toBe(103 * SMALLEST_POOLED);
    // The other one has to go for it; the system gives buffers of 2 MiB and more 512 pages at a time, up to their end.
    const large = pool.take(513 * FLOATS);
    expect(resident()).toBe(576 * SMALLEST_POOLED);
    pool.give(large);
    pool.releaseKept();
    expect(pool.memory()).toEqual({ inUse: 0, kept: 0, resident: 0 });
  });

  test('counts nothing that could not be allocated', () => {
    const pool = new BufferPool(
      () => {
        throw new Error('out of memory');
      },
      () => undefined,
    );
    expect(() => pool.take(FLOATS)).toThrow('out of memory');
    expect(pool.memory()).toEqual({ inUse: 0, kept: 0, resident: 0 });
  });
});
