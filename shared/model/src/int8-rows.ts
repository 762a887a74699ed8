/** @file Keys and values as int8, with a float32 scale for each head of a row: max|x| / 127, as ggml's Q8_0 but for the size of what has one. */
import { lastingZeros } from '@arrowsmith/backend';
import { UserError } from '@arrowsmith/errors';
import {
  hasInt8Rows,
  pagedAttentionInt8,
  positionsFrom,
  reshape,
  writeRows,
  writeRowsInt8,
  type Int8Table,
  type Integers,
  type PagedLayout,
} from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { DecoderConfig } from './config.ts';
import { scaleSpan } from './kv-precision.ts';
import { rowShape, takeRows, type KvRows, type Masks } from './kv-rows.ts';

/** Values in a word. */
const WORD = 4;

export class Int8Rows implements KvRows {
  readonly #config: DecoderConfig;
  readonly #span: number;
  /** int32 [elements / 4] */
  readonly #words: tf.Tensor;
  /** [elements / span] */
  readonly #scales: tf.Tensor;

  /** @throws UserError where the backend, or the decoder, does not go with keys and values of int8 */
  constructor(config: DecoderConfig, elements: number) {
    checkInt8Rows(config);
    this.#config = config;
    this.#span = scaleSpan(config);
    this.#words = tf.tidy(() => tf.keep(lastingZeros([elements / WORD], 'int32')));
    this.#scales = tf.tidy(() => tf.keep(lastingZeros([elements / this.#span])));
  }

  get bytes(): number {
    return 4 * (this.#words.size + this.#scales.size);
  }

  write(layer: number, rows: tf.Tensor, slots: Integers): void {
    writeRowsInt8(this.#table(layer), reshape(rows, [-1, ...rowShape(this.#config, layer)]), slots);
  }

  attend(layer: number, q: tf.Tensor, layout: PagedLayout, masks: Masks): tf.Tensor {
    return pagedAttentionInt8(q, this.#table(layer), layout, masks);
  }

  read(): never {
    throw new Error('keys and values of int8 are read by attention alone');
  }

  take(layer: number, from: number, rows: number): tf.Tensor[] {
    return tf.tidy(() => {
      const { words, scales } = this.#table(layer);
      return [words, scales].map((table) => takeRows(table, from, rows));
    });
  }

  put(layer: number, to: number, taken: readonly tf.Tensor[]): void {
    const { words, scales } = this.#table(layer);
    for (const [i, table] of [words, scales].entries()) {
      const rows = taken[i];
      if (rows !== undefined) writeRows(table, rows, positionsFrom(to, rows.shape[0] ?? 0));
    }
  }

  dispose(): void {
    tf.dispose([this.#words, this.#scales]);
  }

  #table(layer: number): Int8Table {
    const [kvHeads, headDim] = rowShape(this.#config, layer);
    return {
      words: reshape(this.#words, [-1, (kvHeads * headDim) / WORD]),
      scales: reshape(this.#scales, [-1, kvHeads, headDim / this.#span]),
    };
  }
}

/** @throws UserError where the backend, or the decoder, does not go with keys and values of int8 */
export function checkInt8Rows({ layers }: DecoderConfig): void {
  const refuse = (expected: string, found: string) =>
    new UserError({
      what: 'keys and values cannot be kept as int8',
      expected,
      found,
      fix: 'keep them as f32',
    });
  if (!hasInt8Rows()) throw refuse('a backend that has kernels for them: native, webgpu', tf.getBackend());
  for (const [layer, { attention }] of layers.entries()) {
    const { kvHeads, headDim, dualChunk } = attention;
    if (dualChunk !== null) throw refuse('attention that kernels do', `dual chunk attention in layer ${layer}`);
    if ((kvHeads * headDim) % WORD === 0) continue;
    throw refuse(
      `a multiple of ${WORD} numbers for a token's keys`,
      `${kvHeads} heads of ${headDim} in layer ${layer}`,
    );
  }
}
