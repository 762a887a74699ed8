/** @file Pictures and their captions become rows of one context, one row each. */
import type { Column } from '@arrowsmith/artifacts';
import type { EncodedBatch } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import { createRows, type RowCount, type RowOptions } from './rows.ts';

/**
 * Gives each picture a row: an end of text in the place of every patch, then end of text, caption, end of text, padded with 0. What
 * counts are the predictions from the second end of text on.
 *
 * @param pictures the patches of each document's picture
 * @param options with the number of patches
 * @param count is brought up to date with each row
 * @throws UserError when a caption does not fit behind its picture
 */
export async function* pictureRows(
  batches: AsyncIterable<EncodedBatch>,
  pictures: AsyncGenerator<Uint8Array>,
  options: RowOptions & { patches: number },
  count: RowCount,
): AsyncGenerator<Record<string, Column>> {
  const { contextLength, endOfText, patches } = options;
  const rows = createRows(options, count);
  try {
    for await (const { ids, offsets } of batches) {
      for (let document = 0; document + 1 < offsets.length; document++) {
        const [start, end] = [offsets[document]!, offsets[document + 1]!];
        const needed = patches + 1 + end - start;
        if (needed > contextLength) throw tooLong(count.rows, needed, options);
        rows.picture((await pictures.next()).value as Uint8Array);
        rows.start(0);
        for (let i = 0; i <= patches; i++) rows.push(endOfText);
        for (let i = start; i < end; i++) rows.push(ids[i]!);
        rows.push(endOfText);
        rows.end(patches);
        if (rows.full()) yield rows.take();
      }
    }
  } finally {
    await pictures.return(undefined); // closes the file
  }
  if (rows.finished() > 0) yield rows.take();
}

function tooLong(
  document: number,
  needed: number,
  { contextLength, patches }: { contextLength: number; patches: number },
) {
  return new UserError({
    what: 'a picture and its caption are longer than one context',
    where: `document ${document}`,
    expected: `at most ${contextLength} tokens (chunk.contextLength)`,
    found: `${patches} patches, ${needed - patches} tokens of caption`,
    fix: 'raise chunk.contextLength, or chunk.patchSize for fewer patches',
  });
}
