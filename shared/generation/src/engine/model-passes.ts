/** @file A model's passes over tokens of several sequences: the tokens in flight go in, logits come out. */
import { queued } from '@arrowsmith/backend';
import {
  type DecoderConfig,
  forward,
  forwardWithRemoteAttention,
  type KvPass,
  type KvPrecision,
  logits,
  type Parameters,
  perLayerRowsOf,
  type PerLayerRows,
  type RemoteKvPass,
} from '@arrowsmith/model';
import { disposeWeight, embedding, firstLargest, reshape } from '@arrowsmith/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type KvMemory, kvMemories } from '../kv/index.ts';
import { KvStore } from './kv-store.ts';
import { type PassScores, RecordedPass } from './recorded-pass.ts';
import type { AttentionTier, PassMember, RemoteKvStore } from './sequence-store.ts';

/** Passes over more tokens take so long that what JavaScript does for them is little. */
const MOST_RECORDED = 64;
/** Tokens of all passes that are recorded: each has memory of its own, most of it for the logits of its tokens. */
const RECORDED_TOKENS = 256;

/** A model, ready to run. */
export interface EngineModel {
  config: DecoderConfig;
  /** On the active backend; they stay the caller's. Stored matrices make a token's bits independent of the batch. */
  parameters: Parameters;
  /** Reads the table of per-layer embeddings where it is not among the parameters. */
  perLayerRows?: PerLayerRows | undefined;
}

/** Frees the parameters of models, of which some may be several models'. */
export function disposeModels(models: readonly EngineModel[]): void {
  const weights = new Set(models.flatMap(({ parameters }) => Object.values(parameters)));
  for (const weight of weights) disposeWeight(weight);
}

/** The memory for a model's keys and values. */
export interface CacheOptions {
  /** How it is managed. */
  cache?: keyof typeof kvMemories | undefined;
  /** How they are kept: `int8`, with a scale for each token's head, takes little more than a quarter of the memory of `f32`. */
  cachePrecision?: KvPrecision | undefined;
  /** Its size; by default what `contexts` sequences as long as the context take. */
  cacheBytes?: number | undefined;
  /** Tokens of a block, where there are blocks. */
  blockSize?: number | undefined;
  /** Longest sequence. */
  contextLength: number;
  contexts: number;
}

/** Tokens that a pass computes, and the places among them whose logits are needed. */
export interface ComputedTokens extends PassMember {
  wanted: readonly number[];
}

/** What the model says of the token that follows a place. */
export interface NextTokenScores {
  /** [V] */
  logits: Float32Array;
  /** The token with the largest logit, the first of equal ones; −1 where not all logits are finite. */
  likeliest: number;
}

/**
 * The store of a model's sequences in this process, or, where there is a tier for attention, there.
 *
 * @throws UserError when the memory does not suffice for one sequence as long as the context, or keys and values cannot be kept in that precision
 */
export function openStore(config: DecoderConfig, options: CacheOptions): KvStore;
export function openStore(
  config: DecoderConfig,
  options: CacheOptions,
  tier: AttentionTier | undefined,
): KvStore | RemoteKvStore;
export function openStore(config: DecoderConfig, options: CacheOptions, tier?: AttentionTier): KvStore | RemoteKvStore {
  const { cache = 'heterogeneous', cachePrecision: precision = 'f32', cacheBytes: bytes, ...others } = options;
  const { blockSize, contextLength, contexts } = others;
  const memory = (): KvMemory => kvMemories[cache]({ config, bytes, contexts, precision, blockSize, contextLength });
  return tier === undefined ? new KvStore(config, memory(), precision) : tier.open(config, memory, precision);
}

export class ModelPasses<Store extends KvStore | RemoteKvStore = KvStore> {
  readonly store: Store;
  readonly #model: EngineModel;
  /** By the shape of the pass, the one that ran last at the end; a shape may have come but once, or be none that can be recorded. */
  readonly #recorded = new Map<string, RecordedPass | 'once' | 'never'>();

  /** @param store becomes the passes', with which it is disposed of */
  constructor(model: EngineModel, store: Store) {
    this.#model = model;
    this.store = store;
  }

  /**
   * One pass. Who asks for it commits its tokens.
   *
   * @returns for each member, the scores of the places that it wants, until the next pass
   * @throws KeysLost where the store loses memory meanwhile
   */
  async compute(members: readonly ComputedTokens[]): Promise<NextTokenScores[][]> {
    if (members.length === 0) return [];
    const recorded = this.#recordedPass(members);
    let first = 0;
    const places = members.map(({ tokens, wanted }) => {
      const own = wanted.map((place) => first + place);
      first += tokens.length;
      return own;
    });
    if (recorded !== undefined) {
      const all = scoresOf(await recorded.run(members), first);
      return places.map((own) => own.flatMap((place) => all[place] ?? []));
    }
    const rows = places.flat();
    const ids = Int32Array.from(members.flatMap(({ tokens }) => tokens));
    const scores =
      this.store instanceof KvStore
        ? this.#scores(this.store.pass(members), ids, rows)
        : await this.#scoresOf(this.store.pass(members), ids, rows);
    if (scores === undefined) return members.map(() => []);
    const [ofAll, likeliest] = await Promise.all([scores.logits.data<'float32'>(), scores.likeliest.data<'float32'>()]);
    tf.dispose([scores.logits, scores.likeliest]);
    const values = scoresOf({ logits: ofAll, likeliest }, rows.length);
    let row = 0;
    return places.map((own) => values.slice(row, (row += own.length)));
  }

  /** What is said of some of the tokens; nothing of none. */
  #scores(cache: KvPass, ids: Int32Array, rows: readonly number[]): ScoreTensors | undefined {
    return queued(() =>
      tf.tidy(() => {
        const { config, parameters } = this.#model;
        const { input, perLayerRows } = this.#inputs(ids);
        return this.#logits(forward(config, parameters, input, { cache, perLayerRows }), rows);
      }),
    );
  }

  /** The same where attention is computed elsewhere. */
  async #scoresOf(cache: RemoteKvPass, ids: Int32Array, rows: readonly number[]): Promise<ScoreTensors | undefined> {
    const { config, parameters } = this.#model;
    const { input, perLayerRows } = this.#inputs(ids);
    try {
      const hidden = await forwardWithRemoteAttention(config, parameters, input, { cache, perLayerRows });
      const scores = tf.tidy(() => this.#logits(hidden, rows));
      hidden.dispose();
      return scores;
    } finally {
      tf.dispose([input, ...(perLayerRows === undefined ? [] : [perLayerRows])]);
    }
  }

  /** @returns ids [1, n], and what there is of their rows */
  #inputs(ids: Int32Array) {
    const shape: [number, number] = [1, ids.length];
    const perLayerRows = perLayerRowsOf(this.#model.config, ids, shape, this.#model.perLayerRows);
    return { input: tf.tensor2d(ids, shape, 'int32'), perLayerRows };
  }

  /** @param hidden [1, n, d] */
  #logits(hidden: tf.Tensor, rows: readonly number[]): ScoreTensors | undefined {
    if (rows.length === 0) return undefined;
    const { config, parameters } = this.#model;
    const states = reshape(hidden, [-1, config.hiddenSize]);
    const values = logits(config, parameters, embedding(states, tf.tensor1d([...rows], 'int32')));
    return { logits: values, likeliest: firstLargest(values) };
  }

  dispose(): ReturnType<Store['dispose']> {
    for (const pass of this.#recorded.values()) if (pass instanceof RecordedPass) pass.dispose();
    return this.store.dispose() as ReturnType<Store['dispose']>;
  }

  /** A recording of the pass, where each member has as many tokens, not many altogether, and a pass of that shape has come before. */
  #recordedPass(members: readonly ComputedTokens[]): RecordedPass | undefined {
    const store: KvStore | RemoteKvStore = this.store;
    if (!(store instanceof KvStore)) return undefined;
    const count = members[0]?.tokens.length ?? 0;
    if (count * members.length > MOST_RECORDED || !members.every(({ tokens }) => tokens.length === count)) {
      return undefined;
    }
    const shape = `${members.length} × ${count}`;
    const known = this.#recorded.get(shape);
    if (known === 'never') return undefined;
    if (known === undefined) {
      this.#recorded.set(shape, 'once'); // prompts come in all lengths, most of them once
      return undefined;
    }
    const pass = known === 'once' ? this.#record(shape, store, members) : known;
    if (pass !== undefined) {
      this.#recorded.delete(shape);
      this.#recorded.set(shape, pass);
    }
    return pass;
  }

  #record(shape: string, store: KvStore, members: readonly ComputedTokens[]): RecordedPass | undefined {
    const pass = new RecordedPass(this.#model, store, members);
    if (!pass.isRecorded) {
      this.#recorded.set(shape, 'never');
      pass.dispose();
      return undefined;
    }
    let tokens = pass.size;
    for (const each of this.#recorded.values()) if (each instanceof RecordedPass) tokens += each.size;
    for (const [other, each] of this.#recorded) {
      if (tokens <= RECORDED_TOKENS) break;
      if (!(each instanceof RecordedPass)) continue;
      tokens -= each.size;
      each.dispose();
      this.#recorded.set(other, 'once');
    }
    return pass;
  }
}

/** As tensors: [n, V], and [n]. */
type ScoreTensors = { logits: tf.Tensor; likeliest: tf.Tensor };

/** The scores of `count` places, of logits [count · V]. */
function scoresOf({ logits: values, likeliest }: PassScores, count: number): NextTokenScores[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => ({
    logits: values.subarray(i * size, (i + 1) * size),
    likeliest: likeliest[i] ?? -1,
  }));
}
