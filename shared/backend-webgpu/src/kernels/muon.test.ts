/** @file Which matrices Muon makes orthogonal together. */
import { expect, test } from 'vitest';
import { stacksOf } from './muon.ts';

test('matrices of one shape come together, wherever they are, as long as they are few enough', () => {
  const shapes = [
    [2, 3],
    [3, 2],
    [5, 2, 3],
    [2, 3],
  ];
  const [first, other, second, third, ...rest] = stacksOf(shapes, 3 * 6 + 1);
  expect(rest).toEqual([]);
  expect(other).toEqual({ rows: 3, columns: 2, count: 1, pieces: [{ which: 1, origin: 0, place: 0, size: 6 }] });
  expect(first).toEqual({
    rows: 2,
    columns: 3,
    count: 3,
    pieces: [
      { which: 0, origin: 0, place: 0, size: 6 },
      { which: 2, origin: 0, place: 6, size: 12 },
    ],
  });
  expect(second).toMatchObject({ count: 3, pieces: [{ which: 2, origin: 12, place: 0, size: 18 }] });
  expect(third).toMatchObject({ count: 1, pieces: [{ which: 3, origin: 0, place: 0, size: 6 }] });
});

test('one that is larger than all should be together comes alone', () => {
  const stacks = stacksOf([[2, 4, 4]], 15);
  expect(stacks.map(({ count, pieces }) => [count, pieces[0]!.origin])).toEqual([
    [1, 0],
    [1, 16],
  ]);
});
