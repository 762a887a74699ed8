/** @file A pass over one token of each of a few sequences, or few of each, recorded: it takes less time than what JavaScript does for its kernels. */
import { changingTables, type ChangingTables, forward, logits } from '@arrowsmith/model';
import { borrowValues, readsAtOnce, recorded, type Recording } from '@arrowsmith/backend';
import { firstLargest, reshape } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { changingPlacement, type ChangingPlacement } from './changing-placement.ts';
import type { KvStore } from './kv-store.ts';
import type { EngineModel } from './model-passes.ts';
import type { PassMember } from './sequence-store.ts';

/** What a pass says of its tokens. */
export interface PassScores {
  /** [n · V] */
  logits: Float32Array;
  /** `firstLargest` of them, [n]. */
  likeliest: Float32Array;
}

export class RecordedPass {
  /** Its tokens. */
  readonly size: number;
  readonly #model: EngineModel;
  readonly #ids: Int32Array;
  /** Rows of the table of per-layer embeddings, where it is not among the parameters. */
  readonly #rows: Float32Array | undefined;
  readonly #inputs: tf.Tensor[] = [];
  readonly #tables: ChangingTables;
  readonly #place: ChangingPlacement;
  readonly #recording: Recording<{ logits: tf.Tensor; likeliest: tf.Tensor }> | undefined;

  /** Records the pass, for as many sequences as there are members, with as many tokens each. */
  constructor(model: EngineModel, store: KvStore, members: readonly PassMember[]) {
    const { config, parameters, perLayerRows } = model;
    const each = members[0]?.tokens.length ?? 0;
    const count = members.length * each;
    this.size = count;
    this.#model = model;
    this.#ids = new Int32Array(count);
    const size = config.perLayerEmbedding?.size ?? 0;
    if (perLayerRows !== undefined && size > 0) this.#rows = new Float32Array(count * config.layers.length * size);
    this.#tables = changingTables(
      config.layers.map(({ attention }) => attention),
      count,
    );
    this.#place = changingPlacement(store.memory, { count: members.length, each }, this.#tables);
    this.#set(members);
    const ids = tf.keep(tf.tensor2d(this.#ids, [1, count], 'int32'));
    const rows = this.#rows && tf.keep(tf.tensor3d(this.#rows, [1, count, config.layers.length * size]));
    this.#inputs.push(ids, ...(rows === undefined ? [] : [rows]));
    this.#recording = recorded(() => {
      const cache = store.passOf(this.#place.placement);
      const hidden = forward(config, parameters, ids, { cache, perLayerRows: rows }); // [1, n, d]
      const values = logits(config, parameters, reshape(hidden, [count, config.hiddenSize])); // [n, V]
      return { logits: values, likeliest: firstLargest(values) };
    });
  }

  /** Whether there is a recording: not every backend makes any, nor of every model. */
  get isRecorded(): boolean {
    return this.#recording !== undefined;
  }

  /** @returns in memory that the next run writes to */
  async run(members: readonly PassMember[]): Promise<PassScores> {
    if (this.#recording === undefined) throw new Error('the pass was not recorded');
    this.#set(members);
    this.#recording.run();
    const { logits: values, likeliest } = this.#recording.result;
    if (readsAtOnce()) return { logits: borrowValues(values), likeliest: borrowValues(likeliest) };
    const [ofAll, ofLikeliest] = await Promise.all([values.data<'float32'>(), likeliest.data<'float32'>()]);
    return { logits: ofAll, likeliest: ofLikeliest };
  }

  dispose(): void {
    this.#recording?.dispose();
    this.#tables.dispose();
    tf.dispose(this.#inputs);
  }

  #set(members: readonly PassMember[]): void {
    this.#ids.set(members.flatMap(({ tokens }) => tokens));
    this.#place.set(members.map(({ kv }) => kv));
    const { perLayerRows, config } = this.#model;
    if (perLayerRows === undefined || this.#rows === undefined) return;
    const vocabularySize = config.perLayerEmbedding?.vocabularySize ?? 0;
    this.#rows.set(perLayerRows(this.#ids.map((id) => (id < vocabularySize ? id : 0))));
  }
}
