/** @file Counts the distinct pre-tokens ("words") of a stream of documents. */

import { ownCopy } from './own-copy.ts';
import type { Pacer } from './pacer.ts';
import { preTokens, type PreTokenPattern } from './pre-tokenization.ts';

/** Pre-tokens between two looks at the clock. */
const CLOCK_INTERVAL = 2048;

/**
 * How often each distinct pre-token occurs. Memory grows with the distinct pre-tokens only, not with the text.
 *
 * @param onProgress called with the number of documents read, at each pause and at the end.
 */
export async function countWords(
  documents: AsyncIterable<string> | Iterable<string>,
  pattern: PreTokenPattern,
  pacer: Pacer,
  onProgress: (documents: number) => void,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  let documentsRead = 0;
  let untilClock = CLOCK_INTERVAL;
  for await (const document of documents) {
    for (const word of preTokens(document, pattern)) {
      const count = counts.get(word);
      if (count === undefined) counts.set(ownCopy(word), 1);
      else counts.set(word, count + 1);
      if (--untilClock === 0) {
        untilClock = CLOCK_INTERVAL;
        if (!pacer.due()) continue;
        onProgress(documentsRead);
        await pacer.pause();
      }
    }
    documentsRead++;
  }
  onProgress(documentsRead);
  return counts;
}
