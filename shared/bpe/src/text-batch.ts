/** @file Documents in batches of UTF-8: what training and encoding read. */

/** Bytes of a batch that {@link textBatches} makes, unless a single document has more. */
const BATCH_BYTES = 2 ** 20;

/** Documents in succession: document i is `bytes[offsets[i] ... offsets[i + 1] - 1]`. There is one offset more than documents. */
export interface TextBatch {
  bytes: Uint8Array;
  offsets: Int32Array;
}

/** Makes batches of strings. Lone surrogates, which UTF-8 cannot express, become U+FFFD. */
export async function* textBatches(documents: AsyncIterable<string> | Iterable<string>): AsyncGenerator<TextBatch> {
  let texts: Buffer[] = [];
  let size = 0;
  const batch = (): TextBatch => {
    const offsets = new Int32Array(texts.length + 1);
    for (const [i, { length }] of texts.entries()) offsets[i + 1] = offsets[i]! + length;
    const bytes = Buffer.concat(texts);
    [texts, size] = [[], 0];
    return { bytes, offsets };
  };
  for await (const document of documents) {
    const text = Buffer.from(document);
    if (texts.length > 0 && size + text.length > BATCH_BYTES) yield batch();
    texts.push(text);
    size += text.length;
  }
  if (texts.length > 0) yield batch();
}

/** Bytes of a batch's documents. */
export function textSize({ offsets }: TextBatch): number {
  return offsets[offsets.length - 1]! - offsets[0]!;
}

/** Cuts a batch into batches of whole documents with at most `limit` bytes each, unless a single document has more; shares memory. */
export function* cutBatch({ bytes, offsets }: TextBatch, limit: number): Generator<TextBatch> {
  const last = offsets.length - 1;
  for (let first = 0; first < last;) {
    let next = first + 1;
    while (next < last && offsets[next + 1]! - offsets[first]! <= limit) next++;
    yield { bytes, offsets: offsets.subarray(first, next + 1) };
    first = next;
  }
}

/** The batch in memory of its own, which can move to another thread. */
export function ownBatch({ bytes, offsets }: TextBatch): {
  bytes: Uint8Array<ArrayBuffer>;
  offsets: Int32Array<ArrayBuffer>;
} {
  const start = offsets[0]!;
  return {
    bytes: new Uint8Array(bytes.subarray(start, offsets[offsets.length - 1])),
    offsets: Int32Array.from(offsets, (offset) => offset - start),
  };
}
