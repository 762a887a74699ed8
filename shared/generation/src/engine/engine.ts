/** @file Continues many texts at once, each as if it were alone: the same tokens, whatever else is computed beside them. */
import { setImmediate } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import {
  type DecoderConfig,
  forward,
  logits,
  type Parameters,
  perLayerRowsOf,
  type PerLayerRows,
} from '@arrowsmith/model';
import { kvMemories, type KvUse } from '../kv/index.ts';
import { chooseToken, tokenLogProbabilities } from '../sampling/index.ts';
import { checkLogits } from './check-logits.ts';
import { eventQueue } from './event-queue.ts';
import { KvStore } from './kv-store.ts';
import {
  type ActiveSequence,
  beginSequence,
  checkPrompt,
  type FinishReason,
  type GenerationEvent,
  type GenerationRequest,
} from './request.ts';
import { RecordedPass } from './recorded-pass.ts';
import { type Preemption, type ScheduledSequence, Scheduler } from './scheduler.ts';

/** Passes of more sequences take so long that what JavaScript does for them is little; and each recording keeps memory of its own. */
const MOST_RECORDED = 8;

/** A model, ready to run. */
export interface EngineModel {
  config: DecoderConfig;
  /** On the active backend; they stay the caller's. Stored matrices make a token's bits independent of the batch. */
  parameters: Parameters;
  /** Reads the table of per-layer embeddings where it is not among the parameters. */
  perLayerRows?: PerLayerRows | undefined;
}

export interface EngineOptions {
  /** How the memory for keys and values is managed. */
  cache?: keyof typeof kvMemories;
  /** Of that memory; by default what as many full contexts as `sequences` take without sharing, eight at most. */
  cacheBytes?: number | undefined;
  /** Tokens of a block, where there are blocks. */
  blockSize?: number | undefined;
  /** Longest sequence; that of the model by default. */
  contextLength?: number | undefined;
  /** Tokens that one pass computes at most: prompts come in pieces of no more. */
  passTokens?: number;
  /** Sequences that are computed side by side at most. */
  sequences?: number;
  preemption?: Preemption;
}

/** What an engine does at the moment. */
export interface EngineState {
  running: number;
  waiting: number;
  memory: KvUse;
}

/**
 * Whoever asks gets its tokens as they come; requests join and leave between any two passes. A text's tokens and log-probabilities are a function of
 * the model and its request alone, provided that kernels are batch-invariant, as those of stored matrices are.
 */
export class Engine {
  readonly #model: EngineModel;
  readonly #contextLength: number;
  readonly #store: KvStore;
  readonly #scheduler: Scheduler;
  /** Passes of one token each, by the number of sequences; undefined where none can be recorded. */
  readonly #recorded = new Map<number, RecordedPass | undefined>();
  #loop: Promise<void> | undefined;

  /** @throws UserError when the memory does not suffice for one sequence as long as the context */
  constructor(model: EngineModel, options: EngineOptions = {}) {
    const { cache = 'heterogeneous', cacheBytes, blockSize, passTokens = 256, sequences = 64 } = options;
    const { config } = model;
    const contextLength = Math.min(options.contextLength ?? Infinity, config.contextLength);
    const bytes = cacheBytes ?? Math.min(8, sequences) * sequenceBytes(config, contextLength, blockSize);
    this.#model = model;
    this.#contextLength = contextLength;
    this.#store = new KvStore(config, kvMemories[cache]({ config, bytes, blockSize, contextLength }));
    this.#scheduler = new Scheduler(this.#store, {
      passTokens,
      sequences,
      preemption: options.preemption ?? 'recompute',
    });
  }

  /**
   * Continues a text. Who stops reading, or whose signal says so, gives its memory back at once.
   *
   * @throws UserError when the prompt is empty, longer than the context, or has an id outside of the vocabulary; at the first read
   */
  generate(request: GenerationRequest): AsyncGenerator<GenerationEvent, void, undefined> {
    return this.#generate(request);
  }

  /**
   * Continues a text several times, as so many requests do that differ in `sample` alone, from the request's own on: the same tokens. The prompt is
   * computed once, and its keys and values are shared, if all are read from before it is computed. Each may be left by itself.
   *
   * @throws UserError as {@link generate}; at the first read of each
   */
  samples(request: GenerationRequest, count: number): AsyncGenerator<GenerationEvent, void, undefined>[] {
    const group = Symbol('samples');
    const { sample = 0 } = request;
    return Array.from({ length: count }, (_, i) => this.#generate({ ...request, sample: sample + i }, group));
  }

  async *#generate(request: GenerationRequest, group?: symbol): AsyncGenerator<GenerationEvent, void, undefined> {
    checkPrompt(request.prompt, { ...this.#model.config, contextLength: this.#contextLength });
    const events = eventQueue<GenerationEvent>();
    const sequence = beginSequence(request, events, group);
    const stop = () => {
      this.#scheduler.remove(sequence);
      events.fail(request.signal?.reason);
    };
    request.signal?.throwIfAborted();
    request.signal?.addEventListener('abort', stop, { once: true });
    this.#scheduler.add(sequence);
    this.#loop ??= this.#run();
    try {
      for await (const event of events) {
        yield event;
        if (event.kind === 'end') return;
      }
    } finally {
      request.signal?.removeEventListener('abort', stop);
      this.#scheduler.remove(sequence);
    }
  }

  state(): EngineState {
    const { size, waiting } = this.#scheduler;
    return { running: size - waiting, waiting, memory: this.#store.memory.use() };
  }

  /** For tests: @throws Error where the accounts of the memory do not agree */
  check(): void {
    this.#store.memory.check();
  }

  /** Ends all requests with an error, and frees the memory. */
  async dispose(): Promise<void> {
    for (const sequence of this.#scheduler.sequences) {
      this.#scheduler.remove(sequence);
      sequence.fail(new Error('the engine is stopped'));
    }
    await this.#loop;
    for (const pass of this.#recorded.values()) pass?.dispose();
    this.#store.dispose();
  }

  /** Passes, one after the other, until there is nothing to do. */
  async #run(): Promise<void> {
    while (this.#scheduler.size > 0) {
      await setImmediate(); // whoever wants to join, leave or be answered does
      try {
        await this.#step();
      } catch (error) {
        for (const sequence of this.#scheduler.sequences) {
          this.#scheduler.remove(sequence);
          sequence.fail(error);
        }
      }
    }
    this.#loop = undefined;
  }

  async #step(): Promise<void> {
    const scheduled = this.#scheduler.next();
    if (scheduled.length === 0) return;
    const wanted = scheduled.map(wantedScores);
    const scores = await this.#compute(scheduled, wanted);
    let row = 0;
    for (const [i, { sequence, kv }] of scheduled.entries()) {
      const rows = wanted[i] ?? [];
      const own = rows.map(() => scores[row++] ?? new Float32Array(0));
      if (sequence.kv !== kv) continue; // nobody wants it any more
      this.#store.memory.commit(kv, sequence.tokens.slice(kv.length, kv.length + kv.inFlight));
      this.#advance(sequence, rows, own);
    }
  }

  /** One pass over the tokens in flight. @returns logits [V] of the wanted positions of all sequences */
  async #compute(
    scheduled: readonly ScheduledSequence[],
    wanted: readonly (readonly number[])[],
  ): Promise<Float32Array[]> {
    const { config, parameters, perLayerRows } = this.#model;
    const quick = this.#computeRecorded(scheduled);
    if (quick !== undefined) return quick;
    const ids = Int32Array.from(
      scheduled.flatMap(({ sequence: { tokens }, kv }) => tokens.slice(kv.length, kv.length + kv.inFlight)),
    );
    let first = 0;
    const rows = scheduled.flatMap(({ kv }, i) => {
      const before = first - kv.length;
      first += kv.inFlight;
      return (wanted[i] ?? []).map((position) => before + position);
    });
    const scores = tf.tidy(() => {
      const shape: [number, number] = [1, ids.length];
      const hidden = forward(config, parameters, tf.tensor2d(ids, shape, 'int32'), {
        cache: this.#store.pass(scheduled),
        perLayerRows: perLayerRowsOf(config, ids, shape, perLayerRows),
      }); // [1, n, d]
      if (rows.length === 0) return undefined;
      const states = tf.reshape(hidden, [ids.length, config.hiddenSize]);
      return logits(config, parameters, tf.gather(states, tf.tensor1d(rows, 'int32'))); // [rows, V]
    });
    if (scores === undefined) return [];
    const values = await scores.data<'float32'>();
    scores.dispose();
    return rowsOf(values, rows.length);
  }

  /** The same, where each of a few sequences has one token in flight, and a pass of that kind can be recorded. */
  #computeRecorded(scheduled: readonly ScheduledSequence[]): Float32Array[] | undefined {
    const count = scheduled.length;
    const isPlain = ({ sequence: { tokens }, kv }: ScheduledSequence) =>
      kv.inFlight === 1 && kv.length === tokens.length - 1;
    if (count > MOST_RECORDED || !scheduled.every(isPlain)) return undefined;
    const members = scheduled.map(({ sequence: { tokens }, kv }) => ({ kv, token: tokens.at(-1) ?? 0 }));
    if (!this.#recorded.has(count)) {
      const pass = new RecordedPass(this.#model, this.#store, members);
      if (!pass.isRecorded) pass.dispose();
      this.#recorded.set(count, pass.isRecorded ? pass : undefined);
    }
    const pass = this.#recorded.get(count);
    return pass === undefined ? undefined : rowsOf(pass.run(members), count);
  }

  /** What becomes of a sequence whose tokens are computed. @param positions whose logits are given */
  #advance(sequence: ActiveSequence, positions: readonly number[], scores: readonly Float32Array[]): void {
    const { request, tokens, output, promptScores } = sequence;
    const { logProbabilities } = request;
    try {
      for (const [i, position] of positions.entries()) {
        const own = scores[i] ?? new Float32Array(0);
        checkLogits(own, this.#model, tokens.slice(0, position + 1));
        const next = tokens[position + 1];
        if (next === undefined) {
          const samples = output.length === 0 ? this.#scheduler.samplesOf(sequence) : [];
          for (const each of [sequence, ...samples]) this.#choose(each, own);
        }
        // By position: a sequence that gave its memory to others computes its prompt again.
        else if (output.length === 0) promptScores[position] = tokenLogProbabilities(own, next, logProbabilities ?? 0);
      }
    } catch (error) {
      this.#scheduler.remove(sequence);
      sequence.fail(error);
    }
  }

  #choose(sequence: ActiveSequence, scores: Float32Array): void {
    const { request, tokens, output, processors, rng, promptScores } = sequence;
    const { parameters, endTokens = [], prompt } = request;
    if (output.length === 0) {
      sequence.put({ kind: 'prompt', sharedTokens: sequence.sharedTokens, logProbabilities: promptScores });
    }
    const { logProbabilities } = request;
    const chosen = chooseToken(scores, { prompt, output }, { filters: parameters, processors, logProbabilities }, rng);
    if (endTokens.includes(chosen.id)) {
      this.#end(sequence, 'model');
      return;
    }
    output.push(chosen.id);
    sequence.put({ kind: 'token', ...chosen });
    if (output.length === parameters.maximumTokens) this.#end(sequence, 'length');
    else if (tokens.length === this.#contextLength) this.#end(sequence, 'context');
    else tokens.push(chosen.id);
  }

  #end(sequence: ActiveSequence, reason: FinishReason): void {
    this.#scheduler.remove(sequence);
    const { sharedTokens, preemptions } = sequence;
    sequence.put({ kind: 'end', reason, sharedTokens, preemptions });
  }
}

/** Rows of a matrix. */
function rowsOf(values: Float32Array, count: number): Float32Array[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, i) => values.subarray(i * size, (i + 1) * size));
}

/** The positions of tokens in flight whose logits are needed: the last of all, and of the prompt those that are told. */
function wantedScores({ sequence: { tokens, output, request }, kv }: ScheduledSequence): number[] {
  const last = tokens.length - 1;
  const computed = kv.length + kv.inFlight;
  if (request.promptLogProbabilities && output.length === 0) {
    return Array.from({ length: kv.inFlight }, (_, i) => kv.length + i);
  }
  return computed > last ? [last] : [];
}

/** Bytes of keys and values of the longest sequence, without any that is no longer seen being given back; in whole blocks. */
function sequenceBytes({ layers }: DecoderConfig, contextLength: number, blockSize = 16): number {
  const rows = layers.map(({ attention: { kvHeads, headDim, keysOfLayer } }) =>
    keysOfLayer === null ? 2 * kvHeads * headDim : 0,
  );
  return 4 * Math.ceil(contextLength / blockSize) * blockSize * rows.reduce((sum, floats) => sum + floats, 0);
}
