/** @file Packs documents, one after the other, into rows of one context. */
import { fixedSizeLists, numbers, type Column } from '@arrowsmith/artifacts';

/** Rows per record batch: a few megabytes at usual context lengths. */
const ROWS_PER_BATCH = 8192;

/** What went into the rows of a split. */
export interface PackedCount {
  rows: number;
  /** Tokens predicted, ends of text among them. */
  tokens: number;
  /** Raw UTF-8 bytes of the tokens predicted. */
  bytes: number;
}

/**
 * Packs token ids. The stream is: end of text, document, end of text, document, …, end of text; so every token of every document is
 * predicted, and the model learns where texts begin and end. A row holds `contextLength` + 1 ids and begins with the last id of the row
 * before; the last row is padded with 0 and its `length` says how many predictions count.
 * @param documents the ids of each document
 * @param byteLength raw bytes that an id stands for; 0 for special tokens
 * @param count is brought up to date with each row
 */
export async function* packRows(
  documents: AsyncIterable<readonly number[]>,
  { contextLength, endOfText, wide, byteLength }: PackOptions,
  count: PackedCount,
): AsyncGenerator<Record<string, Column>> {
  const width = contextLength + 1;
  const ids = new (wide ? Uint32Array : Uint16Array)(ROWS_PER_BATCH * width);
  const lengths = new Int32Array(ROWS_PER_BATCH);
  const bytes = new Int32Array(ROWS_PER_BATCH);
  let row = 0; // in the batch
  let column = 0; // ids in the row so far

  const take = (): Record<string, Column> => {
    const columns = {
      tokens: fixedSizeLists(ids.slice(0, row * width), width),
      length: numbers(lengths.slice(0, row)),
      bytes: numbers(bytes.slice(0, row)),
    };
    [ids, lengths, bytes].forEach((array) => array.fill(0));
    row = 0;
    return columns;
  };
  const endRow = (): void => {
    count.rows++;
    count.tokens += lengths[row]!;
    count.bytes += bytes[row]!;
    row++;
  };

  ids[column++] = endOfText;
  for await (const document of documents) {
    for (let i = 0; i <= document.length; i++) {
      const id = document[i] ?? endOfText;
      ids[row * width + column++] = id;
      lengths[row]!++;
      bytes[row]! += byteLength(id);
      if (column < width) continue;
      endRow();
      if (row === ROWS_PER_BATCH) yield take();
      ids[row * width] = id; // the next row predicts from here
      column = 1;
    }
  }
  if (column > 1) endRow();
  if (row > 0) yield take();
}

export interface PackOptions {
  contextLength: number;
  endOfText: number;
  /** 32-bit ids. */
  wide: boolean;
  byteLength: (id: number) => number;
}
