import { expect, test } from 'vitest';
import { patchesOf, patchingOf } from './patches.ts';

const size = { width: 4, height: 2, channels: 2 };

test('a picture is cut row by row; a patch holds its channels one after the other', () => {
  // Pixel (y, x) has the values 10 y + x and 100 + 10 y + x.
  const pixels = Uint8Array.from({ length: 16 }, (_, i) => {
    const [y, x, channel] = [Math.floor(i / 8), Math.floor(i / 2) % 4, i % 2];
    return 100 * channel + 10 * y + x;
  });
  expect([...patchesOf(pixels, size, 2)]).toEqual([0, 1, 10, 11, 100, 101, 110, 111, 2, 3, 12, 13, 102, 103, 112, 113]);
  expect([...patchesOf(pixels, size, 1)]).toEqual([...pixels]);
});

test('patches must fill the picture', () => {
  expect(patchingOf(size, 2)).toEqual({ patchSize: 2, channels: 2, patches: 2 });
  expect(() => patchingOf(size, 4)).toThrow(/patch size that divides 4 and 2[^]*chunk\.patchSize 4/);
});
