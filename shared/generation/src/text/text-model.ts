/** @file A model with its tokenizer: texts in, texts out. */
import type { BpeEncoder, BpeModel } from '@arrowsmith/bpe';
import { UserError } from '@arrowsmith/errors';
import {
  boundedMemory,
  checkEngineOptions,
  disposeModels,
  type DraftOptions,
  Engine,
  type EngineModel,
  type EngineOptions,
  type EngineState,
  searchBeams,
} from '../engine/index.ts';
import { checkPrompt, type SeenPrompt, seenPrompt } from '../prompt.ts';
import {
  generationParameters,
  type LogitsProcessor,
  textStream,
  type ThinkingTags,
  type TokenLogProbability,
} from '../sampling/index.ts';
import { type BeamSearch, checkBeamSearch, type TextBeam } from './beam-options.ts';
import { constraintsOf } from './constraints.ts';
import { TextGeneration } from './text-generation.ts';
import { parseTextOptions, type TextOptions } from './text-options.ts';
import { thinkingTagsOf } from './thinking-tags.ts';

/** What texts are made with. */
export interface TextModelParts {
  /** Which model it is, for people. */
  name?: string;
  model: EngineModel;
  /** Who drafts for it, where the options of the engine name nobody; a model is disposed of with it. */
  drafts?: DraftOptions | undefined;
  tokenizer: BpeModel;
  encoder: BpeEncoder;
  /** The token that ends documents. */
  endOfText: number;
  /** The token that a text stands behind; by default that which ends documents, as in training. */
  beginOfText?: number;
  /** Other tokens that end a text, as the end of a turn in a conversation. */
  endTokens?: readonly number[];
  /** How conversations are written, where the model was trained on such. */
  chatTemplate?: ChatTemplateSource | undefined;
}

/** How a conversation is written for a model. */
export interface ChatTemplateSource {
  /** In Jinja. */
  source: string;
  /** What the template may name beside the messages: `bos_token`, `eos_token`. */
  tokens: Readonly<Record<string, string>>;
}

/** Continues texts, any number at once, on the active backend. What texts have in common at their beginning is computed once. */
export class TextModel implements AsyncDisposable {
  /** Tokens that a text may have, prompt and continuation together. */
  readonly contextLength: number;
  /** Which model it is, for people. */
  readonly name: string;
  readonly parts: TextModelParts;
  readonly #engine: Engine;
  /** Searches for beams that go on. */
  readonly #searches = new Set<Promise<unknown>>();
  /** Is aborted when no texts are to be written any more. */
  readonly #disposed = new AbortController();

  /** @throws UserError for options that cannot be, and when the memory that is asked for does not suffice for one text as long as the context */
  constructor(parts: TextModelParts, options: EngineOptions = {}) {
    checkEngineOptions(options, 'engine');
    this.name = parts.name ?? 'model';
    this.parts = parts;
    const { drafts = parts.drafts } = options;
    const memory = boundedMemory(parts.model.config, options);
    this.contextLength = memory.contextLength;
    this.#engine = new Engine(parts.model, { ...options, ...memory, drafts });
  }

  /**
   * Continues a text, or a row of tokens as it is. A text stands behind the token that documents begin with, as in training; where it is longer than the
   * context, the model is given the end of it.
   *
   *     for await (const piece of model.generate('Once upon a time', { temperature: 0.7 })) process.stdout.write(piece);
   *     const { text, finishReason } = await model.generate('Once upon a time', { stop: ['\n'] }).result();
   *
   * @throws UserError for what is no prompt, and for options that cannot be
   */
  generate(prompt: string | readonly number[], options: TextOptions = {}): TextGeneration {
    return this.#begin(prompt, options, 0);
  }

  /**
   * Several continuations of a text, each with random numbers of its own, side by side; the first is that of {@link generate}. The prompt is computed
   * once.
   *
   * @throws UserError for options that cannot be, and for less than one
   */
  samples(prompt: string | readonly number[], count: number, options: TextOptions = {}): TextGeneration[] {
    if (!(Number.isSafeInteger(count) && count >= 1)) {
      throw new UserError({
        what: 'a text cannot be continued so often',
        expected: 'a whole number of at least 1',
        found: `${count} samples`,
      });
    }
    const first = this.#begin(prompt, options, 0);
    const others = Array.from({ length: count - 1 }, (_, i) => this.#begin(prompt, options, i + 1, first.begun));
    return [first, ...others];
  }

  /**
   * The likeliest continuations of a text, as far as a beam search finds them, in memory of its own: the best first. A prompt is taken as by
   * {@link generate}.
   *
   *     const [best] = await model.beams('Once upon a time', { beams: 4, maximumTokens: 20 });
   *
   * @throws UserError for a prompt that the model cannot read, and for options that cannot be
   */
  async beams(prompt: string | readonly number[], options: BeamSearch = {}): Promise<TextBeam[]> {
    checkPromptType(prompt);
    checkBeamSearch(options);
    const { contextLength } = this;
    const { beams = 4, maximumTokens: asked = 128, lengthPenalty, earlyStopping, signal } = options;
    const ids = typeof prompt === 'string' ? this.#seen(prompt, asked).ids : prompt;
    checkPrompt(ids, { ...this.parts.model.config, contextLength });
    const search = searchBeams(this.parts.model, ids, {
      beams,
      endTokens: this.#endTokens,
      maximumTokens: Math.min(asked, contextLength - ids.length + 1),
      ...(lengthPenalty === undefined ? {} : { lengthPenalty }),
      ...(earlyStopping === undefined ? {} : { earlyStopping }),
      signal: this.#signalWith(signal),
    });
    this.#searches.add(search);
    try {
      const found = await search;
      return found.map(({ ended, ...beam }) => ({
        text: this.decode(beam.tokens),
        ...beam,
        finishReason: ended ? 'model' : 'length',
      }));
    } finally {
      this.#searches.delete(search);
    }
  }

  /** The token ids of a text. @param allowSpecial special tokens that are written out in it become their ids @throws UserError for what is no text */
  encode(text: string, { allowSpecial = false }: { allowSpecial?: boolean } = {}): number[] {
    if (typeof text !== 'string') throw noText('no text', text);
    return this.parts.encoder.encode(text, { allowSpecial });
  }

  /** The text of token ids. @throws UserError for an id outside of the vocabulary */
  decode(ids: Iterable<number>): string {
    return this.parts.encoder.decode(ids);
  }

  /**
   * What the model thinks of a text: the log-probability of each of its tokens, given all before it, and the first given the beginning of a document.
   * Of a text that is longer than the context, each token is given at least the half of a context before it.
   *
   * @param top how many most likely tokens to tell beside each
   */
  async logProbabilities(text: string, { top = 0 }: { top?: number } = {}): Promise<ScoredToken[]> {
    const ids = [this.beginOfText, ...this.encode(text)];
    const scores: ScoredToken[] = [];
    const step = Math.ceil(this.contextLength / 2);
    for (let from = 0; from === 0 || scores.length + 1 < ids.length; from += step) {
      const window = await this.#score(ids.slice(from, from + this.contextLength), top);
      scores.push(...window.slice(scores.length - from));
    }
    return scores;
  }

  /** The perplexity of a text: e to the negative mean of its tokens' log-probabilities. @throws UserError for an empty text */
  async perplexity(text: string): Promise<number> {
    const scores = await this.logProbabilities(text);
    if (scores.length === 0) {
      throw new UserError({ what: 'an empty text has no perplexity', expected: 'at least one token' });
    }
    return Math.exp(-scores.reduce((sum, { logProbability }) => sum + logProbability, 0) / scores.length);
  }

  /** The token that a text stands behind. */
  get beginOfText(): number {
    return this.parts.beginOfText ?? this.parts.endOfText;
  }

  /** The tokens between which the model thinks, where it has such. */
  get thinkingTags(): ThinkingTags | undefined {
    return thinkingTagsOf(this.parts.tokenizer);
  }

  /** What is computed at the moment, and the memory of keys and values. */
  state(): EngineState {
    return this.#engine.state();
  }

  /** Ends all texts with an error, and frees the memory of the model. */
  async dispose(): Promise<void> {
    if (this.#disposed.signal.aborted) return;
    this.#disposed.abort(new Error('the model is disposed of'));
    await this.#engine.dispose();
    await Promise.allSettled(this.#searches);
    const { model, drafts } = this.parts;
    disposeModels(typeof drafts?.by === 'object' ? [model, drafts.by] : [model]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #begin(
    prompt: string | readonly number[],
    options: TextOptions,
    sample: number,
    after?: Promise<unknown>,
  ): TextGeneration {
    checkPromptType(prompt);
    const { parameters, signal, logProbabilities, ...form } = parseTextOptions(options);
    const { encoder } = this.parts;
    const { ids, cut } =
      typeof prompt === 'string' ? this.#seen(prompt, parameters.maximumTokens) : { ids: prompt, cut: 0 };
    const constraints: LogitsProcessor[] = constraintsOf(this.parts, this.thinkingTags, form);
    const request = {
      prompt: ids,
      parameters,
      endTokens: this.#endTokens,
      constraints,
      logProbabilities,
      sample,
      signal: this.#signalWith(signal),
    };
    return new TextGeneration({
      events: this.#engine.generate(request),
      text: textStream(encoder.decodeStream(), parameters),
      promptTokens: ids.length,
      cutTokens: cut,
      after,
    });
  }

  /** The tokens that a text is continued from. */
  #seen(prompt: string, maximumTokens: number): SeenPrompt {
    const { beginOfText, contextLength } = this;
    return seenPrompt(this.encode(prompt), { beginOfText, contextLength, maximumTokens });
  }

  get #endTokens(): number[] {
    const { endOfText, endTokens = [] } = this.parts;
    return [...new Set([endOfText, ...endTokens])];
  }

  #signalWith(signal: AbortSignal | undefined): AbortSignal {
    return AbortSignal.any([this.#disposed.signal, ...(signal === undefined ? [] : [signal])]);
  }

  /** Of all tokens but the first. */
  async #score(prompt: readonly number[], top: number): Promise<ScoredToken[]> {
    if (prompt.length < 2) return [];
    const request = {
      prompt,
      parameters: generationParameters.parse({ temperature: 0, maximumTokens: 1 }),
      logProbabilities: top,
      promptLogProbabilities: true,
      signal: this.#disposed.signal,
    };
    for await (const event of this.#engine.generate(request)) {
      if (event.kind === 'prompt') return event.logProbabilities;
    }
    throw new Error('the engine told nothing of the prompt');
  }
}

/** @throws UserError for what is neither a text nor a row of tokens */
function checkPromptType(prompt: unknown): void {
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) throw noText('no prompt', prompt);
}

/** Programs that no compiler has looked at give anything. */
const noText = (what: string, found: unknown): UserError =>
  new UserError({
    what: `this is ${what}`,
    expected: what === 'no text' ? 'a string' : 'a string, or an array of token ids',
    found: found === null ? 'null' : typeof found,
    fix: 'give a text; an empty one has the model begin',
  });

/** A token of a text, how likely it was, and what was most likely in its place. */
export type ScoredToken = TokenLogProbability & { top: TokenLogProbability[] };
