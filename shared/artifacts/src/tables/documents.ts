/** @file Documents as a table: written in batches of bounded size, read batch by batch. */
import { numbers, strings, type Column } from './columns.ts';
import { readBatches } from './arrow-file.ts';
import { documentsTable } from './kinds.ts';

/** Text per record batch, in UTF-8, or one longer document. Large enough to be fast, small enough to be held in memory several times. */
const BATCH_BYTES = 64 << 20;

/** Sums up what went by. */
export interface DocumentCount {
  documents: number;
  bytes: number;
}

/**
 * Record batches of {@link documentsTable}.
 * @param count is brought up to date with each document
 * @param limit of bytes of text per batch, unless a single document has more
 */
export async function* documentBatches(
  texts: AsyncIterable<string>,
  count: DocumentCount,
  limit = BATCH_BYTES,
): AsyncGenerator<Record<string, Column>> {
  let batch: string[] = [];
  let sizes: number[] = [];
  let batchBytes = 0;
  const take = (): Record<string, Column> => {
    const first = count.documents - batch.length;
    const columns = {
      index: numbers(Int32Array.from(batch, (_, i) => first + i)),
      text: strings(batch),
      bytes: numbers(Int32Array.from(sizes)),
    };
    [batch, sizes, batchBytes] = [[], [], 0];
    return columns;
  };
  for await (const text of texts) {
    const bytes = Buffer.byteLength(text, 'utf8');
    if (batch.length > 0 && batchBytes + bytes > limit) yield take();
    batch.push(text);
    sizes.push(bytes);
    batchBytes += bytes;
    count.documents++;
    count.bytes += bytes;
  }
  if (batch.length > 0) yield take();
}

/** Documents in succession, as they lie in a record batch: document i is bytes[offsets[i] … offsets[i + 1]) in UTF-8. */
export interface TextBatch {
  bytes: Uint8Array;
  /** One more than there are documents; the first is where the first document begins. */
  offsets: Int32Array;
}

/**
 * The documents of a table as UTF-8, one record batch in memory, without copying or decoding.
 * @throws UserError when the file cannot be read or is of another kind
 */
export async function* readTextBatches(path: string): AsyncGenerator<TextBatch> {
  for await (const batch of readBatches(path, documentsTable.kind)) {
    const { values, valueOffsets } = batch.getChild('text')!.data[0]!;
    yield { bytes: values as Uint8Array, offsets: valueOffsets.subarray(0, batch.numRows + 1) };
  }
}
