/** @file The way of every document from its source into a split: filtered, compared with those before, measured. */

import { hash } from 'node:crypto';
import type { FilterParameters } from './filter-parameters.ts';
import { documentFilter } from './filter.ts';
import type { FilterRule } from './filter.ts';
import { hashSet } from './hash-set.ts';
import type { HashSet } from './hash-set.ts';
import { documentMeasure } from './measure.ts';
import type { Measures } from './measure.ts';

export interface ScreenOptions {
  filter?: FilterParameters | undefined;
  /** Documents of the other split: those that are equal to one of them, byte for byte, are leaks. */
  leaksOf?: HashSet | undefined;
  /** Leave out the leaks; they are counted in any case. */
  removeLeaks: boolean;
  /** Leave out documents that occurred before in this split; they are counted in any case. */
  removeDuplicates: boolean;
}

/** What became of the documents of a split. */
export interface Screening extends Measures {
  /** Documents that came from the source. */
  read: number;
  /** Documents that each rule took away: the first rule that a document breaks. */
  removed: Partial<Record<FilterRule, number>>;
  /** Documents that the other split has too. */
  leaks: number;
  /** Documents that occurred before in the split. */
  duplicates: number;
}

/** Room for the UTF-8 of one document. */
const SCRATCH_BYTES = 1 << 20;

/**
 * Screens the documents of one split, in one pass and in memory that grows by no more than 32 bytes per document.
 * Documents are compared by 64 bits of their SHA-256: that any two of 2.7 million different ones are taken for equal has a
 * probability of 2·10⁻⁷.
 *
 * @returns `documents`, those that are kept, in their order; `hashes` of them and the `result`, complete when the
 *   iteration is
 */
export function screenDocuments(
  texts: AsyncIterable<string>,
  { filter, leaksOf, removeLeaks, removeDuplicates }: ScreenOptions,
): { documents: AsyncGenerator<string>; hashes: HashSet; result: () => Screening } {
  const brokenRule = documentFilter(filter ?? {});
  const { add, measures } = documentMeasure();
  const hashes = hashSet();
  const counts = { read: 0, leaks: 0, duplicates: 0 };
  const removed: Partial<Record<FilterRule, number>> = {};
  const scratch = Buffer.allocUnsafe(SCRATCH_BYTES);

  async function* documents(): AsyncGenerator<string> {
    for await (const text of texts) {
      counts.read++;
      // Three bytes per UTF-16 unit are always enough. What is much longer than most is not kept.
      const bytes = text.length * 3 > SCRATCH_BYTES ? Buffer.from(text, 'utf8') : scratch;
      const length = bytes === scratch ? scratch.write(text, 'utf8') : bytes.length;
      const rule = brokenRule(text, length);
      if (rule !== undefined) {
        removed[rule] = (removed[rule] ?? 0) + 1;
        continue;
      }
      const digest = hash('sha256', bytes.subarray(0, length), 'buffer');
      const [high, low] = [digest.readInt32LE(0), digest.readInt32LE(4)];
      if (leaksOf?.has(high, low)) {
        counts.leaks++;
        if (removeLeaks) continue;
      }
      if (!hashes.add(high, low)) {
        counts.duplicates++;
        if (removeDuplicates) continue;
      }
      add(bytes, length);
      yield text;
    }
  }
  return { documents: documents(), hashes, result: () => ({ ...measures(), ...counts, removed }) };
}
