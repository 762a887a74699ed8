/** @file Encodes a stream of documents on all cores. */

import { createByteEncoder } from './byte-encoder.ts';
import { createIdBuffer } from './id-buffer.ts';
import type { BpeModel } from './model.ts';
import { defineTask, mapInThreads, type Message, type ThreadOptions } from './pool.ts';
import type { TextBatch } from './text-batch.ts';

/** Bytes of documents that a thread encodes at a time: enough that handing them over costs little, few enough for even shares. */
const PIECE_BYTES = 2 ** 20;

/** Ids of documents in succession: those of document i are `ids[offsets[i] ... offsets[i + 1] - 1]`. */
export interface EncodedBatch {
  ids: Uint32Array;
  offsets: Int32Array;
}

const encodeTask = defineTask({
  name: 'encode',
  url: import.meta.url,
  start: (model: BpeModel) => {
    const encode = createByteEncoder(model);
    return ({ bytes, offsets }: TextBatch): Message<EncodedBatch> => {
      const out = createIdBuffer(bytes.length >> 1);
      const encoded = new Int32Array(offsets.length);
      for (let i = 1; i < offsets.length; i++) {
        encode(bytes, offsets[i - 1]!, offsets[i]!, out);
        encoded[i] = out.length;
      }
      const ids = out.ids.slice(0, out.length);
      return { value: { ids, offsets: encoded }, transfer: [ids.buffer, encoded.buffer] };
    };
  },
  send: ({ bytes, offsets }: TextBatch): Message<TextBatch> => {
    // Not slice(), which a Buffer (a view of memory that others use) does not copy.
    const value = { bytes: new Uint8Array(bytes), offsets: new Int32Array(offsets) };
    return { value, transfer: [value.bytes.buffer, value.offsets.buffer] };
  },
  size: ({ bytes }) => bytes.length,
});

/**
 * The ids of documents, in their order; special tokens in them are ordinary text. The batches that come out hold about 1 MB of text each,
 * however large those are that go in and however many threads there are.
 *
 * @throws the signal's reason where it is aborted.
 */
export function encodeBatches(
  model: BpeModel,
  batches: AsyncIterable<TextBatch> | Iterable<TextBatch>,
  options: ThreadOptions,
): AsyncGenerator<EncodedBatch> {
  return mapInThreads(encodeTask, model, pieces(batches), options);
}

/** Cuts batches between documents. */
async function* pieces(batches: AsyncIterable<TextBatch> | Iterable<TextBatch>): AsyncGenerator<TextBatch> {
  for await (const { bytes, offsets } of batches) {
    for (let first = 0; first + 1 < offsets.length;) {
      const start = offsets[first]!;
      let last = first + 1;
      while (last + 1 < offsets.length && offsets[last + 1]! - start <= PIECE_BYTES) last++;
      yield {
        bytes: bytes.subarray(start, offsets[last]!),
        offsets: offsets.slice(first, last + 1).map((offset) => offset - start),
      };
      first = last;
    }
  }
}
