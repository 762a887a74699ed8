/** @file Continues a text token by token. */
import {
  chooseToken,
  generationParameters,
  processorsOf,
  samplingGenerator,
  textStream,
  type GenerationParameters,
} from '@arrowsmith/generation/sampling';
import { seenPrompt } from '@arrowsmith/generation/prompt';
import type { BpeEncoder } from '@arrowsmith/bpe';
import { forward, logits, type DecoderConfig, type ParameterTensors } from '@arrowsmith/model';
import * as tf from '@tensorflow/tfjs-core';
import { KvTables } from './kv-tables.ts';

/** Sizes of the passes that read a prompt, largest first: few, since WebGL compiles shaders for each. */
const PASSES = [64, 16, 4, 1] as const;

/** How a text is generated: the parameters of `generate`, of which all have defaults. */
export type GenerateOptions = Partial<GenerationParameters> & {
  /** Is called with each piece of text as it comes, whole characters, and with how many tokens there are by then. */
  onText?: (piece: string, tokens: number) => void;
  /** Ends the text where it is. */
  signal?: AbortSignal;
};

export interface GeneratedText {
  text: string;
  /** Ids of the tokens that follow the prompt. */
  tokens: number[];
  /** Ids that the model read before them: an end of text, and the prompt. */
  prompt: number[];
  /** Tokens at the beginning of the prompt that it did not read, as the context does not hold them. */
  cutTokens: number;
  finishReason: 'model' | 'length' | 'context' | 'stop' | 'cancelled';
  /** Tokens per second, from the first one on; 0 of one token. */
  tokensPerSecond: number;
  /** Seconds to the first token. */
  firstAfter: number;
}

/** What generates. */
export interface Generator {
  config: DecoderConfig;
  parameters: ParameterTensors;
  encoder: BpeEncoder;
  endOfText: number;
  /** The token that a text stands behind; by default that which ends one. */
  beginOfText?: number | undefined;
  /** Other tokens that end a text. */
  endTokens?: readonly number[] | undefined;
}

/** Continues a prompt; the same tokens as `generate` gives for the same parameters, but for what float32 rounds otherwise on another backend. */
export async function generate(
  { config, parameters, encoder, endOfText, beginOfText = endOfText, endTokens: others = [] }: Generator,
  text: string,
  { onText, signal, ...asked }: GenerateOptions = {},
): Promise<GeneratedText> {
  const options = generationParameters.parse(asked);
  const { contextLength } = config;
  const { ids: prompt, cut } = seenPrompt(encoder.encode(text), { beginOfText, contextLength, ...options });
  const endTokens = [endOfText, ...others];
  const choice = { filters: options, processors: processorsOf(options, { endTokens }) };
  const rng = samplingGenerator(options.seed);
  const pieces = textStream(encoder.decodeStream(), options);
  const written: GeneratedText = {
    text: '',
    tokens: [],
    prompt,
    cutTokens: cut,
    finishReason: 'length',
    tokensPerSecond: 0,
    firstAfter: 0,
  };
  const put = (piece: string) => {
    written.text += piece;
    if (piece !== '') onText?.(piece, written.tokens.length);
  };
  const tables = new KvTables(config);
  const [begun, turns] = [performance.now(), new Turns()];
  let first = begun;
  try {
    let next: readonly number[] = prompt;
    while (written.tokens.length < options.maximumTokens) {
      if (tables.length + next.length > contextLength) {
        written.finishReason = 'context';
        break;
      }
      const scores = await lastLogits({ config, parameters }, next, tables, turns, signal);
      if (scores === undefined) {
        written.finishReason = 'cancelled';
        break;
      }
      const known = scores.subarray(0, encoder.vocabularySize); // a model may have more embeddings than there are tokens
      const { id } = chooseToken(known, { prompt, output: written.tokens }, choice, rng);
      if (endTokens.includes(id)) {
        written.finishReason = 'model';
        break;
      }
      if (written.tokens.push(id) === 1) first = performance.now();
      put(pieces.push(id));
      if (pieces.stopped !== undefined) {
        written.finishReason = 'stop';
        break;
      }
      next = [id];
    }
  } finally {
    tables.dispose();
    turns.close();
  }
  put(pieces.flush());
  const seconds = (performance.now() - first) / 1000;
  written.firstAfter = (first - begun) / 1000;
  written.tokensPerSecond = written.tokens.length > 1 ? (written.tokens.length - 1) / seconds : 0;
  return written;
}

/** The logits [V] of the token after `ids`, which are appended to the tables; undefined where nobody wants them any more. */
async function lastLogits(
  { config, parameters }: Pick<Generator, 'config' | 'parameters'>,
  ids: readonly number[],
  tables: KvTables,
  turns: Turns,
  signal: AbortSignal | undefined,
): Promise<Float32Array | undefined> {
  for (let done = 0; ;) {
    await turns.next();
    if (signal?.aborted === true) return undefined;
    const left = ids.length - done;
    const count = PASSES.find((size) => size <= left) ?? 1;
    const part = ids.slice(done, done + count);
    done += count;
    const scores = tf.tidy(() => {
      const tokens = tf.tensor2d(Int32Array.from(part), [1, count], 'int32');
      const hidden = forward(config, parameters, tokens, { cache: tables.next(count) }); // [1, n, d]
      if (done < ids.length) return undefined;
      const last = count === 1 ? hidden : tf.slice(hidden, [0, count - 1, 0], [1, 1, config.hiddenSize]);
      return logits(config, parameters, last); // [1, 1, V]
    });
    if (scores === undefined) continue;
    const values = await scores.data<'float32'>();
    scores.dispose();
    return values;
  }
}

/** Turns of the event loop, in which a page draws and hears clicks; a timer's would take four milliseconds each. */
class Turns {
  readonly #channel = new MessageChannel();

  constructor() {
    this.#channel.port1.start();
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#channel.port1.addEventListener('message', () => resolve(), { once: true });
      this.#channel.port2.postMessage(undefined);
    });
  }

  close(): void {
    this.#channel.port1.close();
  }
}
