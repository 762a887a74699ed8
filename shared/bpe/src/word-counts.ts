/** @file Counts the distinct pre-tokens ("words") of a stream of documents, in all threads. */

import { defineTask, mapInThreads, type Message, type ThreadOptions } from './pool.ts';
import type { PreTokenPattern } from './patterns.ts';
import { preTokenizer } from './pre-tokenizer.ts';
import { cutBatch, ownBatch, textSize, type TextBatch } from './text-batch.ts';
import { createWordTable, type WordCounts } from './word-table.ts';

/**
 * Bytes that a thread counts at a time: so many that its distinct words, which are merged in the calling thread, are few beside
 * it, and so few that what is under way takes little memory. A longer document is counted whole.
 */
const PIECE_BYTES = 8 * 2 ** 20;

interface PieceCounts extends WordCounts {
  documents: number;
}

const countPiece = defineTask({
  name: 'count-words',
  url: import.meta.url,
  start: ({ pattern }: { pattern: PreTokenPattern }) => {
    const endOf = preTokenizer(pattern);
    const table = createWordTable();
    return ({ bytes, offsets }: TextBatch) => {
      const documents = offsets.length - 1;
      for (let i = 0; i < documents; i++) {
        const end = offsets[i + 1]!;
        for (let start = offsets[i]!; start < end;) {
          const next = endOf(bytes, start, end);
          table.add(bytes, start, next, 1);
          start = next;
        }
      }
      const value: PieceCounts = { ...table.take(), documents };
      return { value, transfer: [value.bytes.buffer, value.starts.buffer, value.counts.buffer] };
    };
  },
  send: (piece: TextBatch): Message<TextBatch> => {
    const value = ownBatch(piece);
    return { value, transfer: [value.bytes.buffer, value.offsets.buffer] };
  },
  size: textSize,
});

/**
 * How often each distinct pre-token occurs, in the order of their first occurrence, whatever the number of threads. Memory grows
 * with the distinct pre-tokens only, not with the text.
 *
 * @param onProgress called with the number of documents counted, now and then and at the end.
 */
export async function countWords(
  batches: AsyncIterable<TextBatch> | Iterable<TextBatch>,
  pattern: PreTokenPattern,
  threading: ThreadOptions,
  onProgress: (documents: number) => void,
): Promise<WordCounts> {
  const all = createWordTable();
  let documents = 0;
  for await (const piece of mapInThreads(countPiece, { pattern }, pieces(batches), threading)) {
    const { bytes, starts, counts } = piece;
    for (let word = 0; word < counts.length; word++) all.add(bytes, starts[word]!, starts[word + 1]!, counts[word]!);
    documents += piece.documents;
    onProgress(documents);
  }
  if (documents === 0) onProgress(0);
  return all.take();
}

async function* pieces(batches: AsyncIterable<TextBatch> | Iterable<TextBatch>): AsyncGenerator<TextBatch> {
  for await (const batch of batches) yield* cutBatch(batch, PIECE_BYTES);
}
