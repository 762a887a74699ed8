/** @file How much of a prompt is in memory already. */
import type { BlockLayout } from './block-layout.ts';
import { blockDigest } from './block-digest.ts';
import type { BlockPool } from './block-pool.ts';
import type { BlockTable, SequenceContent } from './sequence-blocks.ts';

/**
 * The longest prefix in full blocks of which, in each kind of blocks, all is there that the next query needs: where layers see everything, all
 * blocks; where they have a window, the last ones; where they have chunks, those of the current chunk (Jenga, section 5). At least one token is left
 * to be computed, as the logits that follow the prompt are those of a token.
 *
 * @param root the name before the first block
 * @returns the names of the prefix's blocks
 */
export function cachedPrefix(layout: BlockLayout, pool: BlockPool, root: string, tokens: readonly number[]): string[] {
  const { blockSize, kinds } = layout;
  const digests: string[] = [];
  /** For each kind, how many blocks are there in a row, up to the last. */
  const runs = kinds.map(() => 0);
  let longest = 0;
  for (let end = blockSize; end < tokens.length; end += blockSize) {
    const digest = blockDigest(digests.at(-1) ?? root, tokens.slice(end - blockSize, end));
    digests.push(digest);
    const suffices = kinds.map((kind, k) => {
      const run = pool.find(k, digest) === undefined ? 0 : runs[k]! + 1;
      runs[k] = run;
      return run >= digests.length - layout.firstBlock(kind, end);
    });
    if (suffices.every(Boolean)) longest = digests.length;
  }
  return digests.slice(0, longest);
}

/** Fills a table with the full blocks of a sequence that its next query needs, as far as they are there. */
export function shareCached(
  layout: BlockLayout,
  pool: BlockPool,
  table: BlockTable,
  { length, digests }: SequenceContent,
): void {
  table.first = layout.firstBlock(table.kind, length);
  for (const [i, digest] of digests.entries()) {
    const block = i < table.first ? undefined : pool.find(table.kind.number, digest);
    if (block !== undefined) pool.share(block);
    table.blocks.push(block);
  }
}
