/** @file Continues a prompt, and hands on the text as it comes. */
import { generate, type SamplingParameters, seenPrompt } from '@arrowsmith/generation';
import { tensorsOf } from '@arrowsmith/model';
import type { RunModel } from './run-model.ts';

export interface StreamOptions {
  prompt: string;
  /** `maximumTokens` above what the context holds means until it is full. */
  sampling: SamplingParameters;
  /** Is called with the characters that each token completes. */
  onText(text: string): void;
  /** Stops between two tokens. */
  signal: AbortSignal;
}

export interface StreamedText {
  tokens: number;
  /** What ended it: the model's end of text, as many tokens as were asked for, a full context, or the signal. */
  end: 'model' | 'length' | 'context' | 'stopped';
  /** Milliseconds since the process began, at the first and at the last token; undefined where there is none. */
  firstAt: number | undefined;
  lastAt: number | undefined;
  /** Tokens of the prompt, and how many of them the model has seen: the last ones, where the prompt is longer than the context. */
  prompt: { tokens: number; seen: number };
}

/** @throws UserError as `generate` does */
export async function streamText(
  { model, encoder, endOfText }: Pick<RunModel, 'model' | 'encoder' | 'endOfText'>,
  { prompt, sampling, onText, signal }: StreamOptions,
): Promise<StreamedText> {
  const { config, weights, perLayerRows } = model;
  const { contextLength } = config;
  const encoded = encoder.encode(prompt);
  const { ids, cut } = seenPrompt(encoded, { endOfText, contextLength, maximumTokens: sampling.maximumTokens });
  const text = encoder.decodeStream();
  const times: number[] = [];
  const put = (piece: string): void => {
    if (piece !== '') onText(piece);
  };
  const parameters = tensorsOf(weights);
  let stopped = false;
  try {
    await generate({
      config,
      parameters,
      prompt: ids,
      sampling,
      stopToken: endOfText,
      perLayerRows,
      signal,
      onToken(id) {
        times.push(performance.now());
        put(text.push(id));
      },
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    stopped = true;
  } finally {
    for (const tensor of Object.values(parameters)) tensor.dispose();
  }
  put(text.flush());
  const room = contextLength - ids.length + 1; // the last token is not read again
  const end = stopped
    ? 'stopped'
    : times.length >= sampling.maximumTokens
      ? 'length'
      : times.length >= room
        ? 'context'
        : 'model';
  return {
    tokens: times.length,
    end,
    firstAt: times[0],
    lastAt: times.at(-1),
    prompt: { tokens: encoded.length, seen: encoded.length - cut },
  };
}
