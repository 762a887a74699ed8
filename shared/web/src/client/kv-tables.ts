/**
 * @file Keys and values of one text, on any tfjs backend: a table for each layer, of a size that rarely changes. WebGL compiles its shaders for the shapes
 * that they see, so that tables which grew with every token would cost more than all else.
 */
import type { DecoderConfig, KeysAndValues, KvPass } from '@arrowsmith/model';
import { positionsFrom } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';

/** Tokens that there is room for at first; twice as many whenever that is full, up to the context. */
const FIRST_CAPACITY = 128;

/** What is added to the score of a key that a query may not see: its exponential is 0. */
const MASKED = -1e9;

/** Of which positions a layer's queries see the keys; 0: of all up to their own. */
type Span = { window: number; chunk: number };

/** Of one layer. Places behind the last token are zeros. */
interface Table {
  /** [n_kv, h_d, capacity] */
  keys: tf.Tensor;
  /** [n_kv, capacity, h_d] */
  values: tf.Tensor;
}

/** Holds tensors until it is disposed of, whatever tidies are around. */
export class KvTables {
  readonly #config: DecoderConfig;
  readonly #firstCapacity: number;
  readonly #tables = new Map<number, Table>();
  /** What layers share in a pass. */
  readonly #shared = new Map<string, tf.Tensor>();
  #capacity = 0;
  #length = 0;

  constructor(config: DecoderConfig, { firstCapacity = FIRST_CAPACITY }: { firstCapacity?: number } = {}) {
    this.#config = config;
    this.#firstCapacity = firstCapacity;
  }

  /** Tokens so far. */
  get length(): number {
    return this.#length;
  }

  /** The pass that goes on with so many tokens, at most as many as the context has left. */
  next(count: number): KvPass {
    const [from, to] = [this.#length, this.#length + count];
    this.#release();
    this.#makeRoom(to);
    return {
      positions: positionsFrom(from, count),
      append: (layer, own) => this.#append(layer, own, from),
      attend: (layer, q, { mask, scale, softCap, ...span }) => {
        if (mask !== undefined) throw new Error('these tables take no mask');
        const { keys, values } = this.#of(layer);
        const [, n, heads, headDim] = q.shape as [number, number, number, number];
        const kvHeads = keys.shape[0] ?? 1;
        return tf.tidy(() => {
          const rows = n === 1 ? q : tf.transpose(q, [0, 2, 1, 3]); // [1, n_h, n, h_d]
          const queries = tf.mul(tf.reshape(rows, [kvHeads, (heads / kvHeads) * n, headDim]), scale);
          const scores = tf.reshape(tf.matMul(queries, keys), [heads, n, this.#capacity]);
          const capped = softCap === 0 ? scores : tf.mul(tf.tanh(tf.div(scores, softCap)), softCap);
          const probabilities = tf.softmax(tf.add(capped, this.#mask(from, count, span)));
          const attended = tf.matMul(tf.reshape(probabilities, [kvHeads, -1, this.#capacity]), values);
          if (n === 1) return tf.reshape(attended, q.shape);
          return tf.transpose(tf.reshape(attended, [1, heads, n, headDim]), [0, 2, 1, 3]);
        });
      },
      sequences: (layer) => {
        const { keys, values } = this.#of(layer);
        const seen = (table: tf.Tensor, permutation: number[]) =>
          tf.expandDims(tf.slice(tf.transpose(table, permutation), [0, 0, 0], [to, -1, -1]));
        return [{ k: seen(keys, [2, 0, 1]), v: seen(values, [1, 0, 2]), from: 0, to: count }];
      },
      commit: () => {
        this.#length = to;
        this.#release();
      },
    };
  }

  dispose(): void {
    this.#release();
    for (const table of this.#tables.values()) tf.dispose({ ...table });
    this.#tables.clear();
  }

  #of(layer: number): Table {
    const table = this.#tables.get(layer);
    if (table === undefined) throw new Error(`layer ${layer} has no keys`);
    return table;
  }

  #makeRoom(length: number): void {
    if (length <= this.#capacity) return;
    const before = this.#capacity;
    let capacity = Math.max(before, this.#firstCapacity);
    while (capacity < length) capacity *= 2;
    this.#capacity = Math.min(capacity, this.#config.contextLength);
    const more = this.#capacity - before;
    for (const [layer, { attention }] of this.#config.layers.entries()) {
      if (attention.keysOfLayer !== null) continue;
      const { kvHeads, headDim } = attention;
      const table = this.#tables.get(layer);
      this.#replace(layer, () => ({
        keys: table === undefined ? tf.zeros([kvHeads, headDim, more]) : tf.pad(table.keys, [[0, 0], [0, 0], [0, more]]), // prettier-ignore
        values: table === undefined ? tf.zeros([kvHeads, more, headDim]) : tf.pad(table.values, [[0, 0], [0, more], [0, 0]]), // prettier-ignore
      }));
    }
  }

  /** Puts the layer's keys and values at the places of their tokens, where there are zeros. */
  #append(layer: number, { k, v }: KeysAndValues, from: number): void {
    const [, n, kvHeads, headDim] = k.shape as [number, number, number, number];
    const { keys, values } = this.#of(layer);
    const places = this.#places(from, n); // [n, capacity]
    this.#replace(layer, () => {
      if (n === 1) {
        return {
          keys: tf.add(keys, tf.mul(tf.reshape(k, [kvHeads, headDim, 1]), places)),
          values: tf.add(values, tf.mul(tf.reshape(v, [kvHeads, 1, headDim]), tf.reshape(places, [-1, 1]))),
        };
      }
      // Products with ones and zeros, which are exact.
      const columns = tf.reshape(tf.transpose(k, [0, 2, 3, 1]), [kvHeads * headDim, n]);
      const rows = tf.matMul(tf.transpose(places), tf.reshape(v, [n, kvHeads * headDim])); // [capacity, n_kv h_d]
      return {
        keys: tf.add(keys, tf.reshape(tf.matMul(columns, places), keys.shape)),
        values: tf.add(values, tf.transpose(tf.reshape(rows, [-1, kvHeads, headDim]), [1, 0, 2])),
      };
    });
  }

  #replace(layer: number, make: () => Table): void {
    const before = this.#tables.get(layer);
    const { keys, values } = tf.tidy(() => ({ ...make() }));
    this.#tables.set(layer, { keys: tf.keep(keys), values: tf.keep(values) });
    if (before !== undefined) tf.dispose({ ...before });
  }

  /** Where the pass's tokens are: a row of zeros and a one for each, [n, capacity]. */
  #places(from: number, n: number): tf.Tensor {
    return this.#once('places', () => {
      const ones = new Float32Array(n * this.#capacity);
      for (let i = 0; i < n; i++) ones[i * this.#capacity + from + i] = 1;
      return tf.tensor2d(ones, [n, this.#capacity]);
    });
  }

  /** What is added to scores, [n, capacity]. */
  #mask(from: number, n: number, { window, chunk }: Span): tf.Tensor {
    return this.#once(`mask ${window} ${chunk}`, () => {
      const mask = new Float32Array(n * this.#capacity).fill(MASKED);
      for (let i = 0; i < n; i++) {
        const position = from + i;
        const firstOfWindow = window === 0 ? 0 : Math.max(0, position - window + 1);
        const firstOfChunk = chunk === 0 ? 0 : position - (position % chunk);
        const row = i * this.#capacity;
        mask.fill(0, row + Math.max(firstOfWindow, firstOfChunk), row + position + 1);
      }
      return tf.tensor2d(mask, [n, this.#capacity]);
    });
  }

  #once(name: string, make: () => tf.Tensor): tf.Tensor {
    const tensor = this.#shared.get(name) ?? tf.keep(make());
    this.#shared.set(name, tensor);
    return tensor;
  }

  #release(): void {
    for (const tensor of this.#shared.values()) tensor.dispose();
    this.#shared.clear();
  }
}
