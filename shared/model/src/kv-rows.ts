/** @file Memory for keys and values as tables of rows, by how they are kept. A row is what one token has in one layer: its keys, or its values. */
import {
  pagedAttention,
  pagedRows,
  positionsFrom,
  reshape,
  writeRows,
  type BlockMask,
  type Integers,
  type PagedLayout,
} from '@arrowsmith/ops';
import { lastingZeros } from '@arrowsmith/backend';
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionConfig, DecoderConfig } from './config.ts';

export type Masks = Pick<AttentionConfig, 'scale' | 'window' | 'chunk' | 'softCap'> & { mask?: BlockMask | undefined };

/** The same memory is a table for each layer, whose rows have the layer's size. Held until it is disposed of, whatever tidies are around. */
export interface KvRows {
  readonly bytes: number;
  /** @param rows [..., n_kv, h_d], or more axes before, of as many rows as there are slots */
  write(layer: number, rows: tf.Tensor, slots: Integers): void;
  /** @param q [n, n_h, h_d] @returns [n, n_h, h_d] */
  attend(layer: number, q: tf.Tensor, layout: PagedLayout, masks: Masks): tf.Tensor;
  /** The keys, or values, of a sequence, for attention by other means. @returns [1, length, n_kv, h_d] */
  read(layer: number, layout: PagedLayout, sequence: number, offset: number): tf.Tensor;
  /** A copy of rows that follow one another, as they are kept: tensors [rows, ...], for the caller to keep and dispose of. */
  take(layer: number, from: number, rows: number): tf.Tensor[];
  /** Puts there what was taken. */
  put(layer: number, to: number, taken: readonly tf.Tensor[]): void;
  dispose(): void;
}

/** What a token's keys, and its values, are in a layer. */
export function rowShape({ layers }: DecoderConfig, layer: number): [kvHeads: number, headDim: number] {
  const { kvHeads, headDim } = layers[layer]?.attention ?? { kvHeads: 0, headDim: 0 };
  return [kvHeads, headDim];
}

/** Rows of a table that follow one another. */
export function takeRows(table: tf.Tensor, from: number, rows: number): tf.Tensor {
  return tf.gather(table, tf.tensor1d(positionsFrom(from, rows), 'int32'));
}

/** Rows of float32, on any backend. */
export class FloatRows implements KvRows {
  readonly #config: DecoderConfig;
  #pool: tf.Tensor;

  constructor(config: DecoderConfig, elements: number) {
    this.#config = config;
    this.#pool = tf.tidy(() => tf.keep(lastingZeros([elements])));
  }

  get bytes(): number {
    return 4 * this.#pool.size;
  }

  write(layer: number, rows: tf.Tensor, slots: Integers): void {
    const [kvHeads, headDim] = rowShape(this.#config, layer);
    const table = reshape(this.#pool, [-1, kvHeads * headDim]);
    const written = writeRows(table, reshape(rows, [-1, kvHeads * headDim]), slots);
    if (written === table) return; // in the pool itself
    const { size } = this.#pool;
    this.#pool.dispose();
    this.#pool = tf.keep(tf.reshape(written, [size]));
    written.dispose();
  }

  attend(layer: number, q: tf.Tensor, layout: PagedLayout, masks: Masks): tf.Tensor {
    const table = this.#table(layer);
    return pagedAttention(q, table, table, layout, masks);
  }

  read(layer: number, layout: PagedLayout, sequence: number, offset: number): tf.Tensor {
    return pagedRows(this.#table(layer), layout, sequence, offset);
  }

  take(layer: number, from: number, rows: number): tf.Tensor[] {
    return tf.tidy(() => [takeRows(this.#table(layer), from, rows)]);
  }

  put(layer: number, to: number, [values]: readonly tf.Tensor[]): void {
    if (values === undefined) return;
    tf.tidy(() => this.write(layer, values, positionsFrom(to, values.shape[0] ?? 0)));
  }

  dispose(): void {
    this.#pool.dispose();
  }

  /** [rows, n_kv, h_d] */
  #table(layer: number): tf.Tensor {
    const [kvHeads, headDim] = rowShape(this.#config, layer);
    return reshape(this.#pool, [-1, kvHeads, headDim]);
  }
}
