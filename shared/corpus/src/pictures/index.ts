/** @file Toy pictures with captions, made on the spot from a seed, for models that see. */
import { randomOf } from './random.ts';
import { paint } from './draw.ts';
import { captionOf, drawScene, type Combinations } from './scene.ts';

export { CHANNELS, PICTURE_SIZE } from './draw.ts';
export { combinationsOf, objectsOf, type Attributes, type Combinations } from './scene.ts';

export interface ToyPicture {
  /** 8-bit red, green and blue, row by row, [PICTURE_SIZE, PICTURE_SIZE, CHANNELS]. */
  pixels: Uint8Array;
  caption: string;
}

/** Which pictures. */
export interface PictureCounts {
  /** For training. */
  pictures: number;
  validationPictures: number;
  /** Another seed gives others. */
  seed: number;
}

/**
 * The pictures of a split. Picture i depends on (seed, i) and the combinations that it shows; the validation split's indices
 * follow the training split's. Training shows no pair of colour and shape that is held out, each picture of the validation split's second half
 * one or more: whoever captions these right has learned what colours and shapes are, not which pictures there are.
 */
export function* toyPictures(
  { pictures, validationPictures, seed }: PictureCounts,
  split: 'train' | 'validation',
): Generator<ToyPicture> {
  const [first, count] = split === 'train' ? [0, pictures] : [pictures, validationPictures];
  for (let i = 0; i < count; i++) {
    yield toyPicture(seed, first + i, split === 'validation' && 2 * i >= count ? 'held-out' : 'seen');
  }
}

/** What is said of the pictures of a split, one by one. */
export function* captions(counts: PictureCounts, split: 'train' | 'validation'): Generator<string> {
  for (const { caption } of toyPictures(counts, split)) yield caption;
}

function toyPicture(seed: number, index: number, combinations: Combinations): ToyPicture {
  const below = randomOf(seed, index);
  const objects = drawScene(below, combinations);
  return { pixels: paint(objects, below), caption: captionOf(objects) };
}
