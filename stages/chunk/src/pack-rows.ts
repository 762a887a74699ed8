/** @file Documents become rows of one context: packed one after the other, or each in rows of its own. */
import type { Column } from '@arrowsmith/artifacts';
import type { EncodedBatch } from '@arrowsmith/bpe';
import { createRows, type RowCount, type RowOptions } from './rows.ts';

/**
 * Packs token ids. The stream is: end of text, document, end of text, document, …, end of text; so every token of every document is
 * predicted, and the model learns where texts begin and end. Where texts begin with another token, that follows each end but the last. A row holds `contextLength` + 1 ids and begins with the last id of the row
 * before; the last row is padded with 0 and its `length` says how many predictions count.
 * @param count is brought up to date with each row
 */
export async function* packRows(
  batches: AsyncIterable<EncodedBatch>,
  options: RowOptions,
  count: RowCount,
): AsyncGenerator<Record<string, Column>> {
  const { contextLength, beginOfText, endOfText } = options;
  const rows = createRows(options, count);
  rows.push(beginOfText);
  let isFirst = true;
  for await (const { ids, offsets } of batches) {
    for (let document = 0; document + 1 < offsets.length; document++) {
      const begins = !isFirst && beginOfText !== endOfText;
      isFirst = false;
      const [from, end] = [offsets[document]!, offsets[document + 1]!];
      if (!begins) rows.start(rows.column - 1);
      for (let i = begins ? from - 1 : from; i <= end; i++) {
        const id = i < from ? beginOfText : i < end ? ids[i]! : endOfText;
        rows.push(id);
        if (rows.column > contextLength) {
          rows.end(0);
          if (rows.full()) yield rows.take();
          rows.push(id); // the next row predicts from here
        }
        if (i < from) rows.start(rows.column - 1);
      }
    }
  }
  if (rows.column > 1) rows.end(0);
  if (rows.finished() > 0) yield rows.take();
}

/**
 * Gives each document rows of its own: windows of end of text (or what texts begin with), document, end of text that begin every `stride` ids, until the last id
 * has been predicted, padded with 0. A prediction counts in the first window that makes it; in the next it is context.
 * @param options with the stride, from 1 to contextLength; with contextLength no prediction is made twice
 * @param count is brought up to date with each row
 */
export async function* documentRows(
  batches: AsyncIterable<EncodedBatch>,
  options: RowOptions & { stride: number },
  count: RowCount,
): AsyncGenerator<Record<string, Column>> {
  const { contextLength, beginOfText, endOfText, stride } = options;
  const overlap = contextLength - stride;
  const rows = createRows(options, count);
  for await (const { ids, offsets } of batches) {
    for (let document = 0; document + 1 < offsets.length; document++) {
      const start = offsets[document]!;
      const length = offsets[document + 1]! - start; // and as many predictions and one
      for (let from = 0; from === 0 || from + overlap <= length; from += stride) {
        const last = Math.min(from + contextLength, length + 1); // of the text with its two ends
        for (let i = from; i <= last; i++)
          rows.push(i === 0 ? beginOfText : i > length ? endOfText : ids[start + i - 1]!);
        if (from === 0) rows.start(0);
        rows.end(from === 0 ? 0 : overlap);
        if (rows.full()) yield rows.take();
      }
    }
  }
  if (rows.finished() > 0) yield rows.take();
}
