/** @file Pictures become patches: squares side by side, each of which a model sees as one token. */
import type { PictureSize } from '@arrowsmith/artifacts';
import { UserError } from '@arrowsmith/errors';

/** How pictures are cut: what a model that is trained on them is made for. */
export interface Patching {
  /** Width and height of a patch. */
  patchSize: number;
  channels: number;
  /** Patches of a picture. */
  patches: number;
}

/** @throws UserError when patches do not fill the picture */
export function patchingOf({ width, height, channels }: PictureSize, patchSize: number): Patching {
  if (width % patchSize === 0 && height % patchSize === 0) {
    return { patchSize, channels, patches: (width / patchSize) * (height / patchSize) };
  }
  throw new UserError({
    what: 'the pictures cannot be cut into patches',
    expected: `a patch size that divides ${width} and ${height}, the pictures’ width and height`,
    found: `chunk.patchSize ${patchSize}`,
    fix: 'change chunk.patchSize',
  });
}

/**
 * Cuts a picture into patches, row by row.
 *
 * @param pixels [height, width, channels]
 * @returns [patches, channels · patchSize · patchSize]; a patch channel by channel, as torch's Unfold and so Llama 4 have it
 */
export function patchesOf(pixels: Uint8Array, { width, height, channels }: PictureSize, patchSize: number): Uint8Array {
  const values = new Uint8Array(pixels.length);
  let at = 0;
  for (let top = 0; top < height; top += patchSize) {
    for (let left = 0; left < width; left += patchSize) {
      for (let channel = 0; channel < channels; channel++) {
        for (let y = top; y < top + patchSize; y++) {
          for (let x = left; x < left + patchSize; x++) values[at++] = pixels[(y * width + x) * channels + channel]!;
        }
      }
    }
  }
  return values;
}
