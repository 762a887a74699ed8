/** @file What a worker of the attention tier has: memories for keys and values, with which it does what it is told. */
import { borrowValues } from '@arrowsmith/backend';
import { attendCached, type DecoderConfig, type KvPass, KvPool } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { placementOf, type PassMemory, type PassPlan } from '../engine/pass-plan.ts';
import type { Vectors } from './message-table.ts';
import type { Answer, LayerRows, Order } from './messages.ts';

type Of<Kind extends Order['kind']> = Extract<Order, { kind: Kind }>;

/** A memory, and the pass that it is used for. */
interface Pool {
  config: DecoderConfig;
  memory: PassMemory;
  rows: KvPool;
  /** Outside of the memory. */
  kept: Map<number, { layer: number; at: number; values: tf.Tensor[] }[]>;
  pass: { id: number; cache: KvPass } | undefined;
}

export class AttentionPools {
  readonly #pools = new Map<number, Pool>();
  /** Of memories that could not do what they were told: nothing of them can be trusted any more. */
  readonly #broken = new Map<number, string>();

  /** @returns what is to be said of it */
  obey(order: Order): Answer | undefined {
    const { kind, pool } = order;
    try {
      const broken = this.#broken.get(pool);
      if (broken !== undefined && kind !== 'close') throw new Error(broken);
      if (kind === 'attend') {
        const { pass, layer } = order;
        return { kind: 'attended', pool, pass, layer, attended: this.#attend(order) };
      }
      this.#change(order);
      return undefined;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (kind === 'attend') return { kind: 'failed', pool, pass: order.pass, layer: order.layer, message };
      this.#broken.set(pool, message);
      return undefined;
    } finally {
      if (kind === 'close') this.#broken.delete(pool);
    }
  }

  #change(order: Exclude<Order, Of<'attend'>>): void {
    switch (order.kind) {
      case 'open':
        this.#open(order);
        return;
      case 'close':
        this.#close(order.pool);
        return;
      case 'copy': {
        const { rows } = this.#pool(order.pool);
        for (const { layer, ...each } of order.rows) rows.copy(layer, each);
        return;
      }
      case 'keep': {
        const { rows, kept } = this.#pool(order.pool);
        const pieces = order.rows.map((each) => ({
          layer: each.layer,
          at: each.to,
          values: rows.take(each.layer, each.from, each.rows),
        }));
        kept.set(order.kept, pieces);
        return;
      }
      case 'restore':
        for (const each of order.rows) this.#restore(this.#pool(order.pool), order.kept, each);
        return;
      case 'forget': {
        const { kept } = this.#pool(order.pool);
        tf.dispose((kept.get(order.kept) ?? []).map(({ values }) => values));
        kept.delete(order.kept);
        return;
      }
      case 'plan':
        this.#plan(this.#pool(order.pool), order.pass, order.plan);
    }
  }

  #open({ pool, config, memory, elements, precision }: Of<'open'>): void {
    this.#close(pool);
    const rows = new KvPool(config, elements, precision);
    this.#pools.set(pool, { config, memory, rows, kept: new Map(), pass: undefined });
  }

  #close(pool: number): void {
    const { rows, kept } = this.#pools.get(pool) ?? {};
    rows?.dispose();
    for (const pieces of kept?.values() ?? []) tf.dispose(pieces.map(({ values }) => values));
    this.#pools.delete(pool);
  }

  #restore({ rows, kept }: Pool, id: number, { layer, from, to, rows: count }: LayerRows): void {
    const piece = kept.get(id)?.find((each) => each.layer === layer && each.at === from);
    if (piece?.values[0]?.shape[0] !== count) throw new Error(`no ${count} rows of layer ${layer} are kept at ${from}`);
    rows.put(layer, to, piece.values);
  }

  #plan(pool: Pool, id: number, plan: PassPlan): void {
    pool.pass = { id, cache: pool.rows.pass(placementOf(plan, pool.memory)) };
  }

  #attend({ pool: id, pass, layer, queries, own }: Of<'attend'>): Vectors {
    const pool = this.#pool(id);
    const attention = pool.config.layers[layer]?.attention;
    if (pool.pass?.id !== pass || attention === undefined) throw new Error(`there is no pass ${pass}, layer ${layer}`);
    const { cache } = pool.pass;
    const { heads, kvHeads, headDim } = attention;
    const tensorOf = ({ values, size }: Vectors, count: number) => {
      const n = cache.positions.length;
      if (size === count * headDim && values.length === n * size) return tf.tensor(values, [1, n, count, headDim]);
      throw new Error(`${values.length} numbers are not ${n} tokens of ${count} heads of ${headDim}`);
    };
    const attended = tf.tidy(() => {
      const inputs = {
        queries: tensorOf(queries, heads),
        own: own && { k: tensorOf(own.k, kvHeads), v: tensorOf(own.v, kvHeads) },
      };
      return attendCached(attention, layer, inputs, cache);
    });
    const values = borrowValues(attended).slice();
    attended.dispose();
    return { size: queries.size, values };
  }

  #pool(id: number): Pool {
    const pool = this.#pools.get(id);
    if (pool === undefined) throw new Error(`there is no memory ${id}`);
    return pool;
  }
}
