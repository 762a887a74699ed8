/**
 * @file Keys and values of the tokens that a decoder has seen: the interface through which a pass reads and writes them, memory in which they may lie in
 * any order, and the simplest order, a region for each sequence.
 */
import { positionsFrom, reshape, type Integers, type PagedLayout } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, DecoderConfig } from './config.ts';
import { Int8Rows } from './int8-rows.ts';
import type { KvPrecision } from './kv-precision.ts';
import { FloatRows, type KvRows, type Masks, rowShape } from './kv-rows.ts';
import type { PositionTables } from './positions.ts';

/** Keys (after norms and positions) and values. */
export type KeysAndValues = {
  /** [b, positions, n_kv, h_d] */
  k: tf.Tensor;
  /** [b, positions, n_kv, h_d] */
  v: tf.Tensor;
};

/**
 * What `forward` reads and writes of a cache: new tokens of some sequences, n in all, as one row, and what came before them in each. How long a
 * sequence is, and how many of the tokens are its, is each one's own.
 */
export interface KvPass {
  /** Position of each of the tokens in its sequence. */
  readonly positions: readonly number[];
  /** The positions' tables, where they are made already: for a pass that is recorded. */
  readonly tables?: ((attention: AttentionConfig) => PositionTables) | undefined;
  /** Keeps what a layer made of the tokens, [1, n, n_kv, h_d]. */
  append(layer: number, own: KeysAndValues): void;
  /**
   * Attention over what a layer keeps of the sequences.
   *
   * @param layer whose keys and values are used: the attending layer itself, or an earlier one
   * @param q [1, n, n_h, h_d]
   * @returns [1, n, n_h, h_d]
   */
  attend(layer: number, q: tf.Tensor, masks: Masks): tf.Tensor;
  /** What a layer keeps, for attention by other means: of each sequence all, b = 1, and which of the n tokens are its. */
  sequences(layer: number): (KeysAndValues & { from: number; to: number })[];
  /** The pass is done: its tokens are part of their sequences. */
  commit(): void;
}

/** Where the keys and values of a pass lie in memory. Whoever manages blocks makes these. */
export interface KvPlacement extends Pick<KvPass, 'positions' | 'tables' | 'commit'> {
  /** In the memory as a table of a layer's rows, [rows, n_kv, h_d]. */
  layout(layer: number): PagedLayout;
  /** The slots of the tokens' keys and values in that table. */
  slots(layer: number): { keys: Integers; values: Integers };
}

/** Memory for keys and values of all layers. Held until it is disposed of, whatever tidies are around. */
export class KvPool {
  readonly #rows: KvRows;

  /**
   * @param elements how many there is room for: a multiple of each layer's row, n_kv · h_d
   * @throws UserError where the backend, or the decoder, does not go with the precision
   */
  constructor(config: DecoderConfig, elements: number, precision: KvPrecision = 'f32') {
    this.#rows = precision === 'int8' ? new Int8Rows(config, elements) : new FloatRows(config, elements);
  }

  get bytes(): number {
    return this.#rows.bytes;
  }

  dispose(): void {
    this.#rows.dispose();
  }

  /** The pass whose tokens lie so. */
  pass(placement: KvPlacement): KvPass {
    const { positions, tables } = placement;
    return {
      positions,
      tables,
      append: (layer, { k, v }) => {
        const { keys, values } = placement.slots(layer);
        this.#rows.write(layer, k, keys);
        this.#rows.write(layer, v, values);
      },
      attend: (layer, q, masks) => {
        const queries = reshape(q, [-1, ...q.shape.slice(2)]); // [n, n_h, h_d]
        return reshape(this.#rows.attend(layer, queries, placement.layout(layer), masks), q.shape);
      },
      sequences: (layer) => {
        const layout = placement.layout(layer);
        return Array.from(layout.lengths, (_, i) => ({
          k: this.#rows.read(layer, layout, i, layout.keyOffset),
          v: this.#rows.read(layer, layout, i, layout.valueOffset),
          from: layout.queryOffsets[i] ?? 0,
          to: layout.queryOffsets[i + 1] ?? 0,
        }));
      },
      commit: () => placement.commit(),
    };
  }

  /**
   * Copies rows to other places, which they do not overlap.
   *
   * @param layer of whose size rows are
   */
  copy(layer: number, { from, to, rows }: { from: number; to: number; rows: number }): void {
    tf.tidy(() => this.put(layer, to, this.take(layer, from, rows)));
  }

  /** A copy of rows as they are kept, for the caller to keep and dispose of. @returns tensors [rows, ...] */
  take(layer: number, from: number, rows: number): tf.Tensor[] {
    return this.#rows.take(layer, from, rows);
  }

  /** Puts rows that were taken there, one after the other. */
  put(layer: number, to: number, taken: readonly tf.Tensor[]): void {
    tf.tidy(() => this.#rows.put(layer, to, taken));
  }
}

/** A cache with a region as long as the context for each of its sequences. */
export interface KvCache {
  /** Tokens of each sequence so far. */
  readonly lengths: readonly number[];
  readonly bytes: number;
  /** The pass that goes on with so many tokens of each sequence; one that gets none has no part in it. */
  next(counts: readonly number[]): KvPass;
  dispose(): void;
}

/** Empty sequences, with all the memory that they may come to need. */
export function createKvCache(
  config: DecoderConfig,
  { sequences = 1, precision }: { sequences?: number; precision?: KvPrecision } = {},
): KvCache {
  const { contextLength } = config;
  const rowsOfLayer = sequences * contextLength;
  let elements = 0;
  /** First row of each layer's keys, which values follow. */
  const firstRows = config.layers.map(({ attention: { kvHeads, headDim, keysOfLayer } }) => {
    const row = kvHeads * headDim;
    const first = Math.ceil(elements / row);
    if (keysOfLayer === null) elements = (first + 2 * rowsOfLayer) * row;
    return first;
  });
  const multiple = config.layers.reduce(
    (all, _, layer) => leastCommonMultiple(all, product(rowShape(config, layer))),
    1,
  );
  const pool = new KvPool(config, Math.ceil(elements / multiple) * multiple, precision);
  const offsetsOf = (layer: number) => {
    const keyOffset = firstRows[layer] ?? 0;
    return { keyOffset, valueOffset: keyOffset + rowsOfLayer };
  };
  const lengths = Array.from({ length: sequences }, () => 0);
  return {
    lengths,
    bytes: pool.bytes,
    dispose: () => pool.dispose(),
    next(counts) {
      const members = lengths.flatMap((before, i) =>
        (counts[i] ?? 0) > 0 ? [{ i, before, count: counts[i] ?? 0 }] : [],
      );
      const positions = members.flatMap(({ before, count }) => positionsFrom(before, count));
      const layout = {
        queryOffsets: members.reduce((ends, { count }) => [...ends, (ends.at(-1) ?? 0) + count], [0]),
        lengths: members.map(({ before, count }) => before + count),
        blocks: members.map(({ i }) => i * contextLength),
        blockSize: contextLength,
      };
      const slots = members.flatMap(({ i, before, count }) => positionsFrom(i * contextLength + before, count));
      return pool.pass({
        positions,
        slots: (layer) => {
          const { keyOffset, valueOffset } = offsetsOf(layer);
          return { keys: slots.map((slot) => slot + keyOffset), values: slots.map((slot) => slot + valueOffset) };
        },
        layout: (layer) => ({ ...layout, ...offsetsOf(layer) }),
        commit() {
          for (const { i, before, count } of members) lengths[i] = before + count;
        },
      });
    },
  };
}

const product = ([a, b]: readonly [number, number]): number => a * b;

function leastCommonMultiple(a: number, b: number): number {
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a / divisor(a, b)) * b;
}
