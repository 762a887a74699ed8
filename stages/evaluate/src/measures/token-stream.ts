/** @file The tokens of a split in the order of its text, a batch of rows at a time. */
import type { TokenTable } from '@arrowsmith/training';

/** Rows read at once. */
const BATCH_ROWS = 256;

/**
 * The predicted tokens of a split, one after the other: all of its text but the first token, and an end of text behind each document.
 * @param limit tokens to give at most: the beginning of the split
 */
export async function* tokenStream(rows: TokenTable, limit: number, signal?: AbortSignal): AsyncGenerator<Int32Array> {
  let left = limit;
  for (let start = 0; start < rows.rows && left > 0; start += BATCH_ROWS) {
    signal?.throwIfAborted();
    const indices = Array.from({ length: Math.min(BATCH_ROWS, rows.rows - start) }, (_, i) => start + i);
    const { targets } = await rows.read(indices);
    const tokens = targets.filter((target) => target >= 0).subarray(0, left);
    left -= tokens.length;
    yield tokens;
  }
}
