/** @file Encodes a stream of documents on all cores. */

import { createByteEncoder } from './byte-encoder.ts';
import { createIdBuffer } from './id-buffer.ts';
import type { BpeModel } from './model.ts';
import { defineTask, mapInThreads, type Message, type ThreadOptions } from './pool.ts';
import { cutBatch, ownBatch, textSize, type TextBatch } from './text-batch.ts';

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
      const out = createIdBuffer(textSize({ bytes, offsets }) >> 1);
      const encoded = new Int32Array(offsets.length);
      for (let i = 1; i < offsets.length; i++) {
        encode(bytes, offsets[i - 1]!, offsets[i]!, out);
        encoded[i] = out.length;
      }
      const ids = out.ids.slice(0, out.length);
      return { value: { ids, offsets: encoded }, transfer: [ids.buffer, encoded.buffer] };
    };
  },
  send: (piece: TextBatch): Message<TextBatch> => {
    const value = ownBatch(piece);
    return { value, transfer: [value.bytes.buffer, value.offsets.buffer] };
  },
  size: textSize,
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

async function* pieces(batches: AsyncIterable<TextBatch> | Iterable<TextBatch>): AsyncGenerator<TextBatch> {
  for await (const batch of batches) yield* cutBatch(batch, PIECE_BYTES);
}
