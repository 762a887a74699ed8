/** @file The documents of a table in random order, in bounded memory: their places are shuffled, and each is read at its place. */
import { documentsTable, randomOrder, readLayout, type TextBatch, withFile } from '@arrowsmith/artifacts';

/** Text per batch, in bytes. */
const BATCH_BYTES = 1 << 20;

/**
 * The documents of a table in an order that is drawn uniformly by `seed`. In memory are 16 bytes per document.
 * @throws UserError when the file cannot be read or is of another kind
 */
export async function* shuffledTextBatches(path: string, seed: number): AsyncGenerator<TextBatch> {
  const { batches } = await readLayout(path, documentsTable.kind);
  const count = batches.reduce((sum, { rows }) => sum + rows, 0);
  const positions = new Float64Array(count); // in the file, which may be larger than 4 GB
  const lengths = new Int32Array(count);
  withFile(path, (readAt) => {
    for (const { firstRow, rows, columns } of batches) {
      const offsets = new Int32Array(rows + 1);
      readAt(offsets, columns.get('text.offsets')!.position);
      for (let row = 0; row < rows; row++) {
        positions[firstRow + row] = columns.get('text')!.position + offsets[row]!;
        lengths[firstRow + row] = offsets[row + 1]! - offsets[row]!;
      }
    }
  });
  const order = randomOrder(count, `document order, seed ${seed}`);
  for (let from = 0, to = 0; from < count; from = to) {
    let size = 0;
    while (to < count && (to === from || size < BATCH_BYTES)) size += lengths[order[to++]!]!;
    const batch = { bytes: new Uint8Array(size), offsets: new Int32Array(to - from + 1) };
    withFile(path, (readAt) => {
      for (let i = from, at = 0; i < to; i++) {
        const document = order[i]!;
        const end = at + lengths[document]!;
        readAt(batch.bytes.subarray(at, end), positions[document]!);
        batch.offsets[i - from + 1] = at = end;
      }
    });
    yield batch;
  }
}
