/** @file Where keys and values lie in a pass that is recorded: the same arrays each time, with other numbers in them. */
import type { ChangingTables, KvPlacement } from '@arrowsmith/model';
import type { KvMemory, KvSequence } from '../kv/index.ts';

export interface ChangingPlacement {
  placement: KvPlacement;
  /** Writes where sequences lie now, as many as there are, and the last tokens in flight of each. */
  set(sequences: readonly KvSequence[]): void;
}

/**
 * @param count of sequences
 * @param each tokens of each of them
 * @param tables of as many positions; they are set along with the placement
 */
export function changingPlacement(
  memory: KvMemory,
  { count, each }: { count: number; each: number },
  tables: ChangingTables,
): ChangingPlacement {
  const { blockSize, contextLength } = memory;
  const positions: number[] = Array.from({ length: count * each }, () => 0);
  const lengths = new Int32Array(count);
  const queryOffsets = Int32Array.from({ length: count + 1 }, (_, i) => i * each);
  const blocksOfGroups = memory.groups.map(() => new Int32Array(count * Math.ceil(contextLength / blockSize)));
  const layers = memory.layers.map((place) => ({
    place,
    blocks: blocksOfGroups[place.group] ?? new Int32Array(0),
    slots: { keys: new Int32Array(count * each), values: new Int32Array(count * each) },
  }));
  const layerOf = (layer: number) => {
    const found = layers[layer];
    if (found === undefined) throw new Error(`layer ${layer} has no place in memory`);
    return found;
  };
  return {
    placement: {
      positions,
      tables: (attention) => tables.of(attention),
      layout(layer) {
        const { place, blocks } = layerOf(layer);
        const { keyOffset, valueOffset } = place;
        return { queryOffsets, lengths, blocks, blockSize, keyOffset, valueOffset };
      },
      slots: (layer) => layerOf(layer).slots,
      commit() {},
    },
    set(sequences) {
      for (const [i, { length, inFlight }] of sequences.entries()) {
        const end = length + inFlight;
        for (let token = 0; token < each; token++) positions[i * each + token] = end - each + token;
        lengths[i] = end;
      }
      tables.set(positions);
      for (const [group, blocks] of blocksOfGroups.entries()) {
        let first = 0;
        for (const [i, sequence] of sequences.entries()) {
          const own = memory.blocks(sequence, group).subarray(0, Math.ceil((lengths[i] ?? 0) / blockSize));
          blocks.set(own, first);
          first += own.length;
        }
      }
      const slotsOfGroups = memory.groups.map((_, group) =>
        sequences.flatMap((sequence) => Array.from(memory.slots(sequence, group).subarray(-each))),
      );
      for (const { place, slots } of layers) {
        for (const [i, slot] of (slotsOfGroups[place.group] ?? []).entries()) {
          slots.keys[i] = slot + place.keyOffset;
          slots.values[i] = slot + place.valueOffset;
        }
      }
    },
  };
}
