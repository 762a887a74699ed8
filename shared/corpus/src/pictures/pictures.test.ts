/** @file Tests of the toy pictures: the same forever, and captions that are true of the pixels. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CHANNELS, combinationsOf, objectsOf, PICTURE_SIZE, toyPictures } from './index.ts';
import { captionOf, COLOURS, type PictureObject } from './scene.ts';

/** A change of this digest changes the pictures: every model trained on them, and every baseline made with them. */
const FIRST_HUNDRED_OF_SEED_1 = '58529e27c9dc4510a89f75f9e285bef45e70abdbc9025955bc74215048998032';

const source = { pictures: 1500, validationPictures: 500, seed: 1 };
const train = [...toyPictures(source, 'train')];
const validation = [...toyPictures(source, 'validation')];

/** Pixels that a shape covers, by the width of the square around it, which is also its size. */
const AREAS = {
  5: { size: 'small', areas: { square: 25, circle: 21, triangle: 13, cross: 9, stripe: 5 } },
  7: { size: 'large', areas: { square: 49, circle: 37, triangle: 25, cross: 33, stripe: 21 } },
} as const;

/** Recognises the object in a quarter of a picture by its width, its area and its mean colour; undefined where there is none. */
function objectIn(pixels: Uint8Array, quarter: number): PictureObject | undefined {
  const found: { x: number; colour: number[] }[] = [];
  for (let y = 0; y < PICTURE_SIZE; y++) {
    for (let x = 0; x < PICTURE_SIZE; x++) {
      if (2 * Number(y >= PICTURE_SIZE / 2) + Number(x >= PICTURE_SIZE / 2) !== quarter) continue;
      const at = (y * PICTURE_SIZE + x) * CHANNELS;
      const colour = [...pixels.subarray(at, at + CHANNELS)];
      if (Math.max(...colour) > 80) found.push({ x, colour }); // the ground is darker
    }
  }
  if (found.length === 0) return undefined;
  const xs = found.map(({ x }) => x);
  const width = Math.max(...xs) - Math.min(...xs) + 1;
  const { size, areas } = AREAS[width as keyof typeof AREAS];
  const shape = Object.entries(areas).find(([, area]) => area === found.length)![0];
  const distance = (named: readonly number[]) =>
    Math.hypot(...named.map((value, channel) => value - found[0]!.colour[channel]!));
  const [colour] = Object.entries(COLOURS).sort(([, a], [, b]) => distance(a) - distance(b))[0]!;
  return { quarter, size, shape, colour } as PictureObject;
}

describe('a picture', () => {
  test('is the same for the same seed, forever', () => {
    const digest = createHash('sha256');
    for (const { pixels, caption } of train.slice(0, 100)) digest.update(pixels).update(`${caption}\n`);
    expect(digest.digest('hex')).toBe(FIRST_HUNDRED_OF_SEED_1);
  });

  test('depends on seed and index only: a longer split begins with the same pictures', () => {
    expect([...toyPictures({ ...source, pictures: 20 }, 'train')]).toEqual(train.slice(0, 20));
    const other = [...toyPictures({ ...source, pictures: 20, seed: 2 }, 'train')];
    expect(other).not.toEqual(train.slice(0, 20));
  });

  test('has a caption that is true of its pixels', () => {
    for (const { pixels, caption } of [...train, ...validation]) {
      const objects = [0, 1, 2, 3].map((quarter) => objectIn(pixels, quarter)).filter((found) => found !== undefined);
      expect(captionOf(objects)).toBe(caption);
    }
  });

  test('of validation is none of training', () => {
    const known = new Set(train.map(({ pixels }) => pixels.join()));
    expect(validation.filter(({ pixels }) => known.has(pixels.join()))).toEqual([]);
  });
});

describe('captions', () => {
  test('say where things are', () => {
    const [a, b] = [
      { size: 'large', colour: 'red', shape: 'circle' },
      { size: 'small', colour: 'blue', shape: 'square' },
    ] as const;
    const at = (...quarters: number[]) =>
      captionOf(quarters.map((quarter, i) => ({ ...(i === 0 ? a : b), quarter })) as PictureObject[]);
    expect(at(2)).toBe('a large red circle in the bottom left');
    expect(at(0, 1)).toBe('a large red circle to the left of a small blue square');
    expect(at(1, 3)).toBe('a large red circle above a small blue square');
    expect(at(0, 3)).toBe('a large red circle above and to the left of a small blue square');
    expect(at(1, 2)).toBe('a large red circle above and to the right of a small blue square');
    expect(at(0, 1, 2)).toBe('a large red circle, a small blue square and a small blue square');
  });

  test('name their objects in order', () => {
    expect(objectsOf('a large red circle above a small blue square')).toEqual([
      { size: 'large', colour: 'red', shape: 'circle' },
      { size: 'small', colour: 'blue', shape: 'square' },
    ]);
    expect(objectsOf('a large large red, of blue square')).toEqual([]);
  });

  test('of training never name a held-out pair, the second half of validation always does', () => {
    const pairs = (captions: { caption: string }[]) =>
      new Set(captions.flatMap(({ caption }) => objectsOf(caption)).map(({ colour, shape }) => `${colour} ${shape}`));
    expect(train.map(({ caption }) => combinationsOf(caption))).not.toContain('held-out');
    expect(validation.map(({ caption }) => combinationsOf(caption))).toEqual(
      validation.map((_, i) => (i < 250 ? 'seen' : 'held-out')),
    );
    expect(pairs(train).size).toBe(25);
    expect(pairs(validation).size).toBe(30);
  });
});
