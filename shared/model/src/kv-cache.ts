/**
 * @file Keys and values of the tokens that a decoder has seen: the interface through which a pass reads and writes them, memory in which they may lie in
 * any order, and the simplest order, a region for each sequence.
 */
import {
  pagedAttention,
  pagedRows,
  positionsFrom,
  reshape,
  writeRows,
  type Integers,
  type PagedLayout,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, DecoderConfig } from './config.ts';
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
  attend(
    layer: number,
    q: tf.Tensor,
    masks: Pick<AttentionConfig, 'scale' | 'window' | 'chunk' | 'softCap'>,
  ): tf.Tensor;
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
  readonly #config: DecoderConfig;
  #pool: tf.Tensor;

  /** @param floats how many there is room for: a multiple of each layer's row, n_kv · h_d */
  constructor(config: DecoderConfig, floats: number) {
    this.#config = config;
    this.#pool = tf.tidy(() => tf.keep(tf.zeros([floats])));
  }

  get bytes(): number {
    return 4 * this.#pool.size;
  }

  dispose(): void {
    this.#pool.dispose();
  }

  /** The pass whose tokens lie so. */
  pass(placement: KvPlacement): KvPass {
    const { positions, tables } = placement;
    return {
      positions,
      tables,
      append: (layer, { k, v }) => {
        const { keys, values } = placement.slots(layer);
        this.#write(layer, k, keys);
        this.#write(layer, v, values);
      },
      attend: (layer, q, masks) => {
        const table = this.#table(layer);
        const queries = reshape(q, [-1, ...q.shape.slice(2)]); // [n, n_h, h_d]
        return reshape(pagedAttention(queries, table, table, placement.layout(layer), masks), q.shape);
      },
      sequences: (layer) => {
        const [table, layout] = [this.#table(layer), placement.layout(layer)];
        return Array.from(layout.lengths, (_, i) => ({
          k: pagedRows(table, layout, i, layout.keyOffset),
          v: pagedRows(table, layout, i, layout.valueOffset),
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

  /** A copy of rows, for the caller to keep and dispose of. @returns [rows, n_kv, h_d] */
  take(layer: number, from: number, rows: number): tf.Tensor {
    return tf.tidy(() => tf.gather(this.#table(layer), tf.tensor1d(positionsFrom(from, rows), 'int32')));
  }

  /** Writes rows that follow one another. @param values [rows, n_kv, h_d] */
  put(layer: number, to: number, values: tf.Tensor): void {
    tf.tidy(() => this.#write(layer, values, positionsFrom(to, values.shape[0] ?? 0)));
  }

  /** [rows, n_kv, h_d] */
  #table(layer: number): tf.Tensor {
    const [kvHeads, headDim] = rowShape(this.#config, layer);
    return reshape(this.#pool, [-1, kvHeads, headDim]);
  }

  #write(layer: number, x: tf.Tensor, slots: Integers): void {
    const [kvHeads, headDim] = rowShape(this.#config, layer);
    const rows = reshape(x, [-1, kvHeads * headDim]); // [n, n_kv h_d]
    const table = reshape(this.#pool, [-1, kvHeads * headDim]);
    const written = writeRows(table, rows, slots);
    if (written === table) return; // in the pool itself
    const { size } = this.#pool;
    this.#pool.dispose();
    this.#pool = tf.keep(tf.reshape(written, [size]));
    written.dispose();
  }
}

/** What a token's keys, and its values, are in a layer. */
function rowShape({ layers }: DecoderConfig, layer: number): [kvHeads: number, headDim: number] {
  const { kvHeads, headDim } = layers[layer]?.attention ?? { kvHeads: 0, headDim: 0 };
  return [kvHeads, headDim];
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
export function createKvCache(config: DecoderConfig, { sequences = 1 }: { sequences?: number } = {}): KvCache {
  const { contextLength } = config;
  const rowsOfLayer = sequences * contextLength;
  let floats = 0;
  /** First row of each layer's keys, which values follow. */
  const firstRows = config.layers.map(({ attention: { kvHeads, headDim, keysOfLayer } }) => {
    const row = kvHeads * headDim;
    const first = Math.ceil(floats / row);
    if (keysOfLayer === null) floats = (first + 2 * rowsOfLayer) * row;
    return first;
  });
  const multiple = config.layers.reduce(
    (all, _, layer) => leastCommonMultiple(all, product(rowShape(config, layer))),
    1,
  );
  const pool = new KvPool(config, Math.ceil(floats / multiple) * multiple);
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
