/** @file A text while it is generated: its pieces as they come, and what became of it. */
import type { FinishReason, GenerationEvent } from '../engine/index.ts';
import type { ChosenToken, TextStream } from '../sampling/index.ts';

/** What is known of a text: all of it once it has ended. */
export interface TextResult {
  text: string;
  /** Ids of the tokens that follow the prompt, those of a stop string included. */
  tokens: number[];
  /**
   * What ended it: the model, as many tokens as were asked for, a full context, a stop string, or that nobody wanted more. Absent while it goes on, and
   * where a signal or an error ended it.
   */
  finishReason?: FinishReason | 'stop' | 'cancelled';
  /** The stop string that ended it. */
  stopString?: string;
  /** Of each token, where they were asked for. */
  logProbabilities: NonNullable<ChosenToken['logProbabilities']>[];
  usage: TextUsage;
}

/** What a text took. */
export interface TextUsage {
  /** Tokens that the model was given, the one that begins a text included. */
  promptTokens: number;
  /** Tokens at the beginning of the prompt that it was not given, as the context does not hold them. */
  cutTokens: number;
  /** Tokens of the prompt that were not computed, as their keys and values were there. */
  sharedTokens: number;
  outputTokens: number;
  /** Milliseconds since the process began: when the text was asked for, of its first token, and of its last one. */
  begunAt: number;
  firstAt: number | undefined;
  lastAt: number | undefined;
}

/** Where a text comes from. */
export interface TextSource {
  events: AsyncGenerator<GenerationEvent, void, undefined>;
  text: TextStream;
  promptTokens: number;
  cutTokens: number;
  /** It begins only then. */
  after?: Promise<unknown> | undefined;
}

/**
 * A text that is generated, from the moment on at which it was asked for, whether anybody reads or not. Read its pieces by `for await`, which may be
 * left before the end and ends the text then, or wait for all of it.
 */
export class TextGeneration implements AsyncIterable<string> {
  /** Settled once there is a token, or there will be none. */
  readonly begun: Promise<void>;
  readonly #source: TextSource;
  readonly #pieces: string[] = [];
  readonly #result: TextResult;
  readonly #ended: Promise<void>;
  #isOpen = true;
  /** Tells readers that there is more. */
  #wake: () => void = () => undefined;
  #news = this.#nextNews();
  #resolveBegun: () => void = () => undefined;

  constructor(source: TextSource) {
    const { promptTokens, cutTokens } = source;
    this.#source = source;
    this.#result = {
      text: '',
      tokens: [],
      logProbabilities: [],
      usage: {
        promptTokens,
        cutTokens,
        sharedTokens: 0,
        outputTokens: 0,
        begunAt: performance.now(),
        firstAt: undefined,
        lastAt: undefined,
      },
    };
    this.begun = new Promise((resolve) => (this.#resolveBegun = resolve));
    this.#ended = this.#run();
    this.#ended.catch(() => undefined); // whoever reads gets it
  }

  /** Pieces of whole characters, from the first on. */
  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    let read = 0;
    try {
      for (;;) {
        for (let piece = this.#pieces[read]; piece !== undefined; piece = this.#pieces[++read]) yield piece;
        if (!this.#isOpen) return await this.#ended;
        await this.#news;
      }
    } finally {
      this.cancel();
    }
  }

  /** Ends the text where it is. */
  cancel(): void {
    if (!this.#isOpen) return;
    this.#result.finishReason ??= 'cancelled';
    void this.#source.events.return();
    this.#close();
  }

  /** All of the text. @throws what the signal was aborted with, and UserError as the engine does */
  async text(): Promise<string> {
    return (await this.result()).text;
  }

  /** The text and how it came to be, once it has ended. @throws as {@link text} */
  async result(): Promise<TextResult> {
    await this.#ended;
    return this.#result;
  }

  /** What there is by now; where a signal ended the text, all that there will be. */
  get soFar(): TextResult {
    return this.#result;
  }

  async #run(): Promise<void> {
    const { events, text, after } = this.#source;
    const result = this.#result;
    try {
      await after;
      result.usage.begunAt = performance.now();
      for await (const event of events) {
        if (!this.#isOpen) return; // nobody wants it any more
        if (event.kind === 'prompt') result.usage.sharedTokens = event.sharedTokens;
        if (event.kind === 'end') result.finishReason = event.reason;
        if (event.kind === 'token') this.#push(event);
        if (text.stopped === undefined) continue;
        result.finishReason = 'stop';
        result.stopString = text.stopped;
        break;
      }
    } finally {
      if (this.#isOpen) this.#close();
    }
  }

  #push({ id, logProbabilities }: ChosenToken): void {
    const { tokens, usage } = this.#result;
    tokens.push(id);
    if (logProbabilities !== undefined) this.#result.logProbabilities.push(logProbabilities);
    usage.lastAt = performance.now();
    usage.firstAt ??= usage.lastAt;
    usage.outputTokens = tokens.length;
    this.#put(this.#source.text.push(id));
    this.#resolveBegun();
  }

  #put(piece: string): void {
    if (piece === '') return;
    this.#result.text += piece;
    this.#pieces.push(piece);
    this.#tell();
  }

  #close(): void {
    this.#put(this.#source.text.flush());
    this.#isOpen = false;
    this.#resolveBegun();
    this.#tell();
  }

  #tell(): void {
    this.#wake();
    this.#news = this.#nextNews();
  }

  #nextNews(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
