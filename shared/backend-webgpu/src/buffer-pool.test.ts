import { expect, test } from 'vitest';
import { BufferPool } from './buffer-pool.ts';

/** Buffers of a device that are nothing but their sizes, and whether they are destroyed. */
function poolOfPretence() {
  const made: { size: number; usage: number; isDestroyed: boolean }[] = [];
  const device = {
    createBuffer({ size, usage }: { size: number; usage: number }) {
      const buffer = { size, usage, isDestroyed: false, destroy: () => void (buffer.isDestroyed = true) };
      made.push(buffer);
      return buffer;
    },
  };
  return { pool: new BufferPool(device as unknown as GPUDevice), made };
}

test('the same requests get the same buffers, in whatever order those before came back', () => {
  const { pool, made } = poolOfPretence();
  const first = [8, 8, 8, 16].map((size) => pool.acquireBuffer(size, 1));
  for (const place of [2, 0, 3, 1]) pool.releaseBuffer(first[place]!);
  const second = [8, 8, 8, 16].map((size) => pool.acquireBuffer(size, 1));
  expect(second.every((buffer, i) => buffer === first[i])).toBe(true);
  for (const place of [1, 2, 0, 3]) pool.releaseBuffer(second[place]!);
  expect(pool.acquireBuffer(8, 1)).toBe(first[0]);
  expect(made.length).toBe(4);
});

test('sizes and usages are kept apart, and counted', () => {
  const { pool, made } = poolOfPretence();
  const buffer = pool.acquireBuffer(8, 1);
  pool.releaseBuffer(buffer);
  expect(pool.acquireBuffer(8, 2)).not.toBe(buffer);
  expect(pool.acquireBuffer(4, 1)).not.toBe(buffer);
  expect([pool.getNumUsedBuffers(), pool.getNumFreeBuffers()]).toEqual([2, 1]);
  expect([pool.numBytesUsed, pool.numBytesAllocated]).toEqual([12, 20]);
  pool.dispose();
  expect(made.map(({ isDestroyed }) => isDestroyed)).toEqual([true, false, false]);
  expect([pool.numBytesUsed, pool.numBytesAllocated]).toEqual([12, 12]);
});

test('tensors of ever other sizes do not take ever more memory: those that wait longest go first', () => {
  const { pool, made } = poolOfPretence();
  const megabyte = 2 ** 20;
  for (let size = 1; size <= 100; size++) {
    pool.releaseBuffer(pool.acquireBuffer(size * megabyte, 1));
    pool.trim();
  }
  expect(pool.numBytesAllocated).toBeLessThanOrEqual((3 * 100 + 64) * megabyte);
  expect(made[0]!.isDestroyed).toBe(true);
  expect(made.at(-1)!.isDestroyed).toBe(false);
  const live = made.filter(({ isDestroyed }) => !isDestroyed).reduce((sum, { size }) => sum + size, 0);
  expect(live).toBe(pool.numBytesAllocated);
  expect(pool.acquireBuffer(100 * megabyte, 1)).toBe(made.at(-1)); // what is left can be used
});

test('a buffer that waits can be had for itself, and one that is in use cannot', () => {
  const { pool } = poolOfPretence();
  const [a, b] = [pool.acquireBuffer(8, 1), pool.acquireBuffer(8, 1)];
  pool.releaseBuffer(a);
  pool.releaseBuffer(b);
  expect([a, b].map((buffer) => pool.isWaiting(buffer))).toEqual([true, true]);
  pool.take(b);
  expect([a, b].map((buffer) => pool.isWaiting(buffer))).toEqual([true, false]);
  expect([pool.getNumUsedBuffers(), pool.numBytesUsed, pool.numBytesAllocated]).toEqual([1, 8, 16]);
  expect(() => pool.take(b)).toThrow('does not wait');
  expect(pool.acquireBuffer(8, 1)).toBe(a);
});
