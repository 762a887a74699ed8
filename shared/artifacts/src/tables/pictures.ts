/** @file Reads the pictures of documents. */
import { readBatches, readMetadata } from './arrow-file.ts';

const KIND = 'pictures';

/** Size of the pictures of a table, all alike. */
export interface PictureSize {
  width: number;
  height: number;
  channels: number;
}

/** @throws UserError when the file cannot be read or is of another kind */
export async function readPictureSize(path: string): Promise<PictureSize> {
  const metadata = await readMetadata(path, KIND);
  const [width, height, channels] = ['width', 'height', 'channels'].map((key) => Number(metadata[key]));
  return { width: width!, height: height!, channels: channels! };
}

/**
 * The pictures of a table one by one, each as its 8-bit values [height, width, channels].
 * @throws UserError when the file cannot be read or is of another kind
 */
export async function* readPictures(path: string): AsyncGenerator<Uint8Array> {
  for await (const batch of readBatches(path, KIND)) {
    const { values } = batch.getChild('pixels')!.data[0]!.children[0]!;
    const size = values.length / batch.numRows;
    for (let row = 0; row < batch.numRows; row++) yield values.subarray(row * size, (row + 1) * size) as Uint8Array;
  }
}
