/** @file What the memory for keys and values is used for, counted anew from its blocks and sequences. */
import type { BlockKind, BlockLayout } from './block-layout.ts';
import type { Block, BlockPool } from './block-pool.ts';
import type { KvUse } from './kv-memory.ts';
import { firstVisible, tokenElements } from './layer-groups.ts';
import type { SequenceBlocks } from './sequence-blocks.ts';

/** @param capacity bytes of the pool */
export function kvUse(
  layout: BlockLayout,
  pool: BlockPool,
  sequences: readonly SequenceBlocks[],
  capacity: number,
): KvUse {
  const use: KvUse = { capacity, held: 0, stored: 0, visible: 0, cached: 0, ideal: 0 };
  const counts = pool.counts();
  for (const kind of layout.kinds) {
    const { used, cached, freeInBusyPages } = counts[kind.number]!;
    use.held += layout.bytesOf(kind.elements) * (used + freeInBusyPages);
    use.cached += layout.bytesOf(kind.elements) * cached;
    for (const { group } of kind.members) {
      const shape = layout.groups[group]!;
      const bytes = layout.bytesOf(tokenElements(shape));
      const first = ({ length }: SequenceBlocks) => firstVisible(shape, length);
      use.stored += bytes * tokensIn(kind, sequences, layout.blockSize, () => 0);
      use.visible += bytes * tokensIn(kind, sequences, layout.blockSize, first);
      use.ideal += bytes * sequences.reduce((sum, sequence) => sum + sequence.end - first(sequence), 0);
    }
  }
  return use;
}

/** Tokens in the blocks of a kind, from the first of each sequence on; what several sequences have in a block counts once. */
function tokensIn(
  { number }: BlockKind,
  sequences: readonly SequenceBlocks[],
  blockSize: number,
  firstOf: (sequence: SequenceBlocks) => number,
): number {
  const spans = new Map<Block, { from: number; to: number }>();
  for (const sequence of sequences) {
    const first = firstOf(sequence);
    for (const [i, block] of sequence.tables[number]!.blocks.entries()) {
      if (block === undefined) continue;
      const from = Math.max(0, first - i * blockSize);
      const to = Math.min(blockSize, sequence.end - i * blockSize);
      const other = spans.get(block) ?? { from, to };
      spans.set(block, { from: Math.min(from, other.from), to: Math.max(to, other.to) });
    }
  }
  return [...spans.values()].reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0);
}
