/** @file Generated pictures as a table, one for each document, which is its caption. */
import { fixedSizeLists, numbers, picturesTable, type Column } from '@arrowsmith/artifacts';
import type { CompanionTable } from '../sources/source-type.ts';
import { CHANNELS, PICTURE_SIZE, toyPictures, type PictureCounts, type ToyPicture } from './index.ts';

const PICTURE_BYTES = PICTURE_SIZE ** 2 * CHANNELS;

/** Pictures per record batch: 50 MB of pixels. */
const BATCH_PICTURES = 65_536;

/** The pictures of a split, with their size as metadata. */
export function pictureTable(counts: PictureCounts, split: 'train' | 'validation'): CompanionTable {
  return {
    kind: picturesTable(PICTURE_BYTES),
    metadata: { width: String(PICTURE_SIZE), height: String(PICTURE_SIZE), channels: String(CHANNELS) },
    batches: batchesOf(toyPictures(counts, split)),
  };
}

function* batchesOf(pictures: Iterable<ToyPicture>): Generator<Record<string, Column>> {
  let first = 0;
  let batch: Uint8Array[] = [];
  const take = (): Record<string, Column> => {
    const columns = {
      index: numbers(Int32Array.from(batch, (_, i) => first + i)),
      pixels: fixedSizeLists(Buffer.concat(batch), PICTURE_BYTES),
    };
    first += batch.length;
    batch = [];
    return columns;
  };
  for (const { pixels } of pictures) {
    batch.push(pixels);
    if (batch.length === BATCH_PICTURES) yield take();
  }
  if (batch.length > 0) yield take();
}
