/** @file Continues many texts at once, each as if it were alone: the same tokens, whatever else is computed beside them. */
import { setImmediate } from 'node:timers/promises';
import { UserError } from '@arrowsmith/errors';
import type { KvUse } from '../kv/index.ts';
import { acceptChosen, chooseToken, tokenLogProbabilities } from '../sampling/index.ts';
import { checkPrompt } from '../prompt.ts';
import { checkLogits } from './check-logits.ts';
import { type DraftCounts, type Drafter, drafterOf } from './drafts.ts';
import { checkEngineOptions, type EngineOptions } from './engine-options.ts';
import { eventQueue } from './event-queue.ts';
import type { KvStore } from './kv-store.ts';
import { type ComputedTokens, type EngineModel, ModelPasses, type NextTokenScores, openStore } from './model-passes.ts';
import {
  type ActiveSequence,
  beginSequence,
  type FinishReason,
  type GenerationEvent,
  type GenerationRequest,
} from './request.ts';
import { passSize } from './pass-size.ts';
import { type ScheduledSequence, Scheduler } from './scheduler.ts';
import { KeysLost, type RemoteKvStore } from './sequence-store.ts';

/** Tokens of a draft. */
const DRAFT_TOKENS = 5;

/** Of a place that nothing was computed of: an error. */
const NO_SCORES: NextTokenScores = { logits: new Float32Array(0), likeliest: -1 };

/** A text whose keys and values were lost so often without getting any further fails. */
const MOST_LOSSES = 6;

/** What an engine does at the moment. */
export interface EngineState {
  running: number;
  waiting: number;
  memory: KvUse;
  /** Why the last pass failed, and all texts with it, as where a device is lost; absent once a pass has succeeded. */
  failure: Error | undefined;
  /** Of all texts so far, and the memory of a draft model. */
  drafts: DraftCounts & { memory: KvUse | undefined };
}

/**
 * Whoever asks gets its tokens as they come; requests join and leave between any two passes. A text's tokens and log-probabilities are a function of
 * the model and its request alone, provided that kernels are batch-invariant, as those of stored matrices are.
 */
export class Engine {
  readonly #model: EngineModel;
  readonly #contextLength: number;
  readonly #passTokens: number;
  readonly #passes: ModelPasses<KvStore | RemoteKvStore>;
  readonly #scheduler: Scheduler;
  readonly #drafter: Drafter | undefined;
  readonly #draftTokens: number;
  readonly #drafts: DraftCounts = { drafted: 0, accepted: 0 };
  #loop: Promise<void> | undefined;
  #failure: Error | undefined;

  /**
   * @throws UserError for options that cannot be, when the memory does not suffice for one sequence as long as the context, keys and values cannot be kept in that precision, or a
   * draft model has other tokens
   */
  constructor(model: EngineModel, options: EngineOptions = {}) {
    checkEngineOptions(options);
    const {
      cache,
      cachePrecision,
      blockSize,
      cacheBytes,
      sequences = 64,
      preemption = 'recompute',
      drafts,
      attention,
      contexts = Math.min(8, sequences),
    } = options;
    const contextLength = Math.min(options.contextLength ?? Infinity, model.config.contextLength);
    const size = passSize(model.config, options.passTokens);
    const cacheOptions = { cache, cachePrecision, blockSize, contextLength, contexts };
    this.#model = model;
    this.#contextLength = contextLength;
    this.#passTokens = size.beside;
    this.#draftTokens = drafts?.tokens ?? DRAFT_TOKENS;
    this.#passes = new ModelPasses(model, openStore(model.config, { ...cacheOptions, cacheBytes }, attention));
    try {
      this.#drafter = drafts && drafterOf(drafts, model, { ...cacheOptions, passTokens: size.beside });
    } catch (error) {
      void this.#passes.dispose();
      throw error;
    }
    this.#scheduler = new Scheduler(this.#passes.store, {
      // What goes to workers and back is no more than it has to be.
      passSize: attention === undefined ? size : { ...size, prompts: size.beside },
      sequences,
      preemption,
      release: (sequence) => this.#drafter?.release(sequence),
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
    const group = count > 1 ? Symbol('samples') : undefined;
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

  /** Tokens that a text may have, prompt and continuation together. */
  get contextLength(): number {
    return this.#contextLength;
  }

  state(): EngineState {
    const { size, waiting } = this.#scheduler;
    const drafts = { ...this.#drafts, memory: this.#drafter?.use };
    return { running: size - waiting, waiting, memory: this.#passes.store.use(), failure: this.#failure, drafts };
  }

  /** For tests: @throws Error where the accounts of the memory do not agree */
  check(): void {
    this.#passes.store.check();
    this.#drafter?.check();
  }

  /** Ends all requests with an error, and frees the memory. */
  async dispose(): Promise<void> {
    for (const sequence of this.#scheduler.sequences) this.#fail(sequence, new Error('the engine is stopped'));
    await this.#loop;
    await this.#passes.dispose();
    this.#drafter?.dispose();
  }

  /** Passes, one after the other, until there is nothing to do. */
  async #run(): Promise<void> {
    while (this.#scheduler.size > 0) {
      await setImmediate(); // whoever wants to join, leave or be answered does
      try {
        await this.#step();
      } catch (error) {
        this.#failure = error instanceof Error ? error : new Error(String(error));
        for (const sequence of this.#scheduler.sequences) this.#fail(sequence, error);
      }
    }
    this.#loop = undefined;
  }

  async #step(): Promise<void> {
    this.#recover();
    await this.#draft();
    const scheduled = this.#scheduler.next();
    const members = scheduled.map(computedTokens);
    let scores: NextTokenScores[][];
    try {
      scores = await this.#passes.compute(members);
    } catch (error) {
      if (!(error instanceof KeysLost)) throw error;
      this.#scheduler.undo(scheduled);
      return;
    }
    if (members.length > 0) this.#failure = undefined;
    for (const [i, each] of scheduled.entries()) {
      const { sequence, kv } = each;
      const member = members[i];
      if (member === undefined || sequence.kv !== kv) continue; // nobody wants it any more
      try {
        this.#advance(each, member, scores[i] ?? []);
      } catch (error) {
        this.#fail(sequence, error);
      }
    }
  }

  /** What was lost is computed anew; a text that brings down whoever computes it is not, for ever. */
  #recover(): void {
    for (const sequence of this.#scheduler.recover()) {
      if (sequence.losses < MOST_LOSSES) continue;
      const error = new UserError({
        what: 'what was computed of a text was lost again and again',
        expected: 'workers for attention that live long enough to compute a token',
        found: `${sequence.losses} losses at ${sequence.tokens.length} tokens`,
        fix: 'look for what ends the workers, memory above all; then ask once more',
      });
      this.#fail(sequence, error);
    }
  }

  /** Drafts for all texts that are only waiting for their next token. They take half of what a pass computes at most. */
  async #draft(): Promise<void> {
    const { decoding } = this.#scheduler;
    const most = Math.min(this.#draftTokens, Math.floor(this.#passTokens / 2 / decoding.length) - 1);
    const asked = decoding.flatMap((sequence) => {
      const { request, tokens, output, draft, group, draftLength } = sequence;
      if (request.drafts === false || draft.length > 0) return [];
      // Samples that wait fork what is computed of the prompt, and nothing behind it.
      if (group !== undefined && output.length === 0) return [];
      // One more token comes with those that are verified.
      const wanted = request.parameters.maximumTokens - output.length - 1;
      return [
        { sequence, count: Math.max(0, Math.min(most, draftLength, wanted, this.#contextLength - tokens.length)) },
      ];
    });
    if (this.#drafter === undefined || asked.length === 0) return;
    const drafts = await this.#drafter.draft(asked);
    for (const [i, { sequence }] of asked.entries()) sequence.draft = drafts[i] ?? [];
  }

  /** What becomes of a sequence whose tokens are computed: it gets the tokens behind them, as many as its draft has right, and one. */
  #advance(
    { sequence, kv }: ScheduledSequence,
    { tokens: computed, wanted }: ComputedTokens,
    scores: NextTokenScores[],
  ) {
    const { tokens, output, promptScores, request } = sequence;
    const first = kv.length;
    const behind: NextTokenScores[] = []; // of the next token, and of those behind the draft's
    for (const [i, place] of wanted.entries()) {
      const own = scores[i] ?? NO_SCORES;
      const position = first + place;
      const next = tokens[position + 1];
      if (next === undefined) behind.push(own);
      else {
        checkLogits(own, this.#model, tokens.slice(0, position + 1));
        // By position: a sequence that gave its memory to others computes its prompt again.
        promptScores[position] = tokenLogProbabilities(own.logits, next, request.logProbabilities ?? 0);
      }
    }
    const [begin] = output.length === 0 ? behind : [];
    const draft = computed.slice(tokens.length - first);
    const { accepted, next } =
      behind.length === 0
        ? { accepted: 0, next: undefined }
        : acceptChosen<number | FinishReason>(draft, (place) => this.#choose(sequence, behind[place]));
    for (const counts of [sequence.drafts, this.#drafts]) {
      counts.drafted += draft.length;
      counts.accepted += accepted;
    }
    sequence.draftLength = nextLength(sequence.draftLength, draft.length, accepted);
    sequence.draft = [];
    this.#passes.store.commit(kv, tokens.slice(first, first + computed.length - draft.length + accepted));
    if (begin !== undefined) for (const sample of this.#scheduler.samplesOf(sequence)) this.#begin(sample, begin);
    if (typeof next === 'string') this.#end(sequence, next);
  }

  /** Another sample of a prompt that is computed. @param scores of its first token */
  #begin(sample: ActiveSequence, scores: NextTokenScores): void {
    try {
      const next = this.#choose(sample, scores);
      if (typeof next === 'string') this.#end(sample, next);
    } catch (error) {
      this.#fail(sample, error);
    }
  }

  /** @returns the next token of a text, or why it has none to be computed */
  #choose(sequence: ActiveSequence, scores: NextTokenScores = NO_SCORES): number | FinishReason {
    const { request, tokens, output, processors, rng, promptScores } = sequence;
    const { parameters, endTokens = [], prompt, logProbabilities } = request;
    checkLogits(scores, this.#model, tokens);
    if (output.length === 0) {
      sequence.put({ kind: 'prompt', sharedTokens: sequence.sharedTokens, logProbabilities: promptScores });
    }
    const { logits, likeliest } = scores;
    const choice = { filters: parameters, processors, logProbabilities, likeliest };
    const chosen = chooseToken(logits, { prompt, output }, choice, rng);
    if (endTokens.includes(chosen.id)) return 'model';
    output.push(chosen.id);
    sequence.losses = 0;
    sequence.put({ kind: 'token', ...chosen });
    if (output.length === parameters.maximumTokens) return 'length';
    if (tokens.length === this.#contextLength) return 'context';
    tokens.push(chosen.id);
    return chosen.id;
  }

  #end(sequence: ActiveSequence, reason: FinishReason): void {
    this.#scheduler.remove(sequence);
    const { sharedTokens, preemptions, drafts } = sequence;
    sequence.put({ kind: 'end', reason, sharedTokens, preemptions, drafts });
  }

  #fail(sequence: ActiveSequence, error: unknown): void {
    this.#scheduler.remove(sequence);
    sequence.fail(error);
  }
}

/** Drafts become longer while all of their tokens are kept, and shorter where not. */
function nextLength(length: number, drafted: number, accepted: number): number {
  if (accepted < drafted) return Math.max(1, Math.min(length, drafted) - 1);
  return drafted === 0 ? length : Math.max(length, drafted + 2);
}

/** The tokens in flight of a sequence, and the places whose logits are needed: from the last token on, and of the prompt those that are told. */
function computedTokens({ sequence: { tokens, draft, output, request }, kv }: ScheduledSequence): ComputedTokens {
  const computed = [...tokens.slice(kv.length), ...draft].slice(0, kv.inFlight);
  const isTold = request.promptLogProbabilities && output.length === 0;
  const places = computed.map((_, place) => place);
  return { kv, tokens: computed, wanted: isTold ? places : places.slice(tokens.length - 1 - kv.length) };
}
