/** @file Paints a scene. Whole numbers only: the same pixels on every machine. */
import type { RandomBelow } from '../embedded/random.ts';
import { COLOURS, type PictureObject, type Shape } from './scene.ts';

/** Width and height of a picture. */
export const PICTURE_SIZE = 16;

/** Red, green, blue. */
export const CHANNELS = 3;

const QUARTER = PICTURE_SIZE / 2;

/** Width and height of an object: odd, so that it has a middle, and at least 5, below which circle and cross are the same. */
const EXTENT = { small: 5, large: 7 };

/** How far an object's colour, and a pixel of the background, may be from theirs. */
const COLOUR_SPREAD = 20;
const NOISE = 16;

/** Backgrounds are greys below this. */
const DARK = 64;

/**
 * Paints objects on a dark grey, noisy ground. Objects are somewhere in their quarter, their colours a little off.
 * @returns 8-bit values, row by row, [PICTURE_SIZE, PICTURE_SIZE, CHANNELS]
 */
export function paint(objects: readonly PictureObject[], below: RandomBelow): Uint8Array {
  const grey = below(DARK);
  const pixels = new Uint8Array(PICTURE_SIZE ** 2 * CHANNELS);
  for (let at = 0; at < pixels.length; at += CHANNELS) pixels.fill(grey + below(NOISE), at, at + CHANNELS);
  for (const { size, colour, shape, quarter } of objects) {
    const extent = EXTENT[size];
    const left = (quarter % 2) * QUARTER + below(QUARTER - extent + 1);
    const top = (quarter >> 1) * QUARTER + below(QUARTER - extent + 1);
    const shade = COLOURS[colour].map((value) => value - COLOUR_SPREAD + below(2 * COLOUR_SPREAD + 1));
    for (let y = 0; y < extent; y++) {
      for (let x = 0; x < extent; x++) {
        if (!covers(shape, x, y, extent)) continue;
        const at = ((top + y) * PICTURE_SIZE + left + x) * CHANNELS;
        pixels.set(shade, at);
      }
    }
  }
  return pixels;
}

/** Whether a shape covers a pixel of the square around it. Twice the distance from the middle is a whole number. */
function covers(shape: Shape, x: number, y: number, extent: number): boolean {
  const [dx, dy] = [Math.abs(2 * x - extent + 1), Math.abs(2 * y - extent + 1)];
  const third = (extent - 1) / 3;
  switch (shape) {
    case 'circle':
      return dx * dx + dy * dy <= extent * extent;
    case 'square':
      return true;
    case 'triangle':
      return dx <= y;
    case 'cross':
      return dx <= third || dy <= third;
    case 'stripe':
      return dy <= third;
  }
}
