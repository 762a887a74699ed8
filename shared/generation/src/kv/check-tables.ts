/** @file Whether the blocks of sequences and the pool's accounts agree; for tests. */
import { assert } from './assert.ts';
import type { BlockLayout } from './block-layout.ts';
import type { Block, BlockPool } from './block-pool.ts';
import type { SequenceBlocks } from './sequence-blocks.ts';

/** @throws Error where a sequence has not the blocks that it needs, or they are not counted right */
export function checkTables(layout: BlockLayout, pool: BlockPool, sequences: Iterable<SequenceBlocks>): void {
  const references = new Map<Block, number>();
  for (const sequence of sequences) {
    for (const { kind, blocks } of sequence.tables) {
      const first = layout.firstBlock(kind, sequence.length);
      for (const [i, block] of blocks.entries()) {
        assert((block === undefined) === i < first, 'a sequence has the blocks that it sees, and no others');
        if (block === undefined) continue;
        references.set(block, (references.get(block) ?? 0) + 1);
        assert(block.page.kind.number === kind.number, 'a block is of the kind of its table');
        const isNamed = block.digest === undefined || block.digest === sequence.content.digests[i];
        assert(isNamed, 'a block has the content of its sequence');
      }
    }
  }
  for (const [block, count] of references) assert(block.references === count, 'references are counted');
  const used = pool.counts().reduce((sum, each) => sum + each.used, 0);
  assert(used === references.size, 'blocks without references are not in use');
}
