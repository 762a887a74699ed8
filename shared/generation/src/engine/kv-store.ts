/** @file The keys and values themselves: one pool of memory, with which is done what its bookkeeping says. */
import { type DecoderConfig, type KvPass, type KvPlacement, KvPool, type KvPrecision } from '@arrowsmith/model';
import { positionsFrom } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { KvMemory, KvSequence, RowCopy, SwappedSequence } from '../kv/index.ts';

/** Keys and values of a sequence that others have taken the memory of. */
export interface KeptOutside {
  swapped: SwappedSequence;
  /** Rows of each group, and where they begin among those that are kept of it. */
  pieces: { group: number; at: number; values: tf.Tensor[] }[];
}

/** New tokens of a sequence in a pass: those in flight, or the last of them, where the others were computed before. */
export interface PassMember {
  kv: KvSequence;
  tokens: readonly number[];
}

export class KvStore {
  readonly memory: KvMemory;
  readonly #pool: KvPool;

  /** @param precision the memory's */
  constructor(config: DecoderConfig, memory: KvMemory, precision: KvPrecision = 'f32') {
    this.memory = memory;
    this.#pool = new KvPool(config, memory.elements, precision);
  }

  dispose(): void {
    this.#pool.dispose();
  }

  /** Makes copies, one after the other. */
  copy(copies: readonly RowCopy[]): void {
    for (const each of copies) this.#pool.copy(this.#layerOf(each.group), each);
  }

  /** Takes a sequence out of memory. */
  swapOut(sequence: KvSequence): KeptOutside {
    const { swapped, save } = this.memory.swapOut(sequence);
    const pieces = save.map(({ group, from, to, rows }) => ({
      group,
      at: to,
      values: this.#pool.take(this.#layerOf(group), from, rows),
    }));
    return { swapped, pieces };
  }

  /** Brings a sequence back; undefined where there is no room. */
  swapIn({ swapped, pieces }: KeptOutside): KvSequence | undefined {
    const back = this.memory.swapIn(swapped);
    if (back === undefined) return undefined;
    this.copy(back.copies);
    for (const { group, from, to, rows } of back.restore) {
      const piece = pieces.find((each) => each.group === group && each.at === from);
      if (piece?.values[0]?.shape[0] !== rows) throw new Error(`no ${rows} rows of group ${group} are kept at ${from}`);
      this.#pool.put(this.#layerOf(group), to, piece.values);
    }
    tf.dispose(pieces.map(({ values }) => values));
    return back.sequence;
  }

  /** The pass that computes tokens in flight of some sequences. Who runs it commits them. */
  pass(members: readonly PassMember[]): KvPass {
    const { memory } = this;
    const sequences = members.map(({ kv }) => kv);
    const lengths = sequences.map(({ length, inFlight }) => length + inFlight);
    const queryOffsets = [0];
    for (const { tokens } of members) queryOffsets.push((queryOffsets.at(-1) ?? 0) + tokens.length);
    const groups = memory.groups.map((_, group) => ({
      blocks: sequences.flatMap((sequence, i) =>
        Array.from(memory.blocks(sequence, group).subarray(0, Math.ceil((lengths[i] ?? 0) / memory.blockSize))),
      ),
      slots: members.flatMap(({ kv, tokens }) => Array.from(memory.slots(kv, group).subarray(-tokens.length))),
    }));
    const placeOf = (layer: number) => {
      const place = memory.layers[layer];
      const ofGroup = place && groups[place.group];
      if (place === undefined || ofGroup === undefined) throw new Error(`layer ${layer} has no place in memory`);
      return { ...place, ...ofGroup };
    };
    return this.#pool.pass({
      positions: members.flatMap(({ kv: { length, inFlight }, tokens }) =>
        positionsFrom(length + inFlight - tokens.length, tokens.length),
      ),
      layout(layer) {
        const { blocks, keyOffset, valueOffset } = placeOf(layer);
        return { queryOffsets, lengths, blocks, blockSize: memory.blockSize, keyOffset, valueOffset };
      },
      slots(layer) {
        const { slots, keyOffset, valueOffset } = placeOf(layer);
        return { keys: slots.map((slot) => slot + keyOffset), values: slots.map((slot) => slot + valueOffset) };
      },
      commit() {},
    });
  }

  /** The pass whose tokens lie so. */
  passOf(placement: KvPlacement): KvPass {
    return this.#pool.pass(placement);
  }

  /** A layer of a group, as all of its layers have rows of one size. */
  #layerOf(group: number): number {
    const layer = this.memory.groups[group]?.layers[0];
    if (layer === undefined) throw new Error(`group ${group} has no layers`);
    return layer;
  }
}
