/** @file Generated pictures as a table, one for each document, which is its caption. */
import { fixedSizeLists, numbers, type Column } from '@arrowsmith/artifacts';
import { CHANNELS, PICTURE_SIZE, type ToyPicture } from '@arrowsmith/corpus';

const PICTURE_BYTES = PICTURE_SIZE ** 2 * CHANNELS;

/** Pictures per record batch: 50 MB of pixels. */
const BATCH_PICTURES = 65_536;

/** Record batches of `picturesTable`. */
export function* pictureBatches(pictures: Iterable<ToyPicture>): Generator<Record<string, Column>> {
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
