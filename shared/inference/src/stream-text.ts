/** @file Continues a prompt, and hands on the text as it comes. */
import type { BpeEncoder } from '@arrowsmith/bpe';
import { Engine, type EngineModel, type GenerationParameters, seenPrompt, textStream } from '@arrowsmith/generation';

export interface StreamOptions {
  prompt: string;
  /** `maximumTokens` above what the context holds means until it is full. */
  parameters: GenerationParameters;
  /** Is called with the characters that each token completes. */
  onText(text: string): void;
  /** Stops between two tokens. */
  signal: AbortSignal;
}

export interface StreamedText {
  tokens: number;
  /** What ended it: the model's end of text, as many tokens as were asked for, a full context, a stop string, or the signal. */
  end: 'model' | 'length' | 'context' | 'stop' | 'stopped';
  /** Milliseconds since the process began: when the prompt was handed over, at the first and at the last token. */
  beganAt: number;
  firstAt: number | undefined;
  lastAt: number | undefined;
  /** Tokens of the prompt, and how many of them the model has seen: the last ones, where the prompt is longer than the context. */
  prompt: { tokens: number; seen: number };
}

/** What text is made with. */
export interface TextModel {
  model: EngineModel;
  encoder: BpeEncoder;
  /** The token that ends documents, and begins one. */
  endOfText: number;
}

/** @throws UserError as the engine does */
export async function streamText(
  { model, encoder, endOfText }: TextModel,
  { prompt, parameters, onText, signal }: StreamOptions,
): Promise<StreamedText> {
  const { contextLength } = model.config;
  const encoded = encoder.encode(prompt);
  const { ids, cut } = seenPrompt(encoded, { endOfText, contextLength, maximumTokens: parameters.maximumTokens });
  const text = textStream(encoder.decodeStream(), parameters);
  const times: number[] = [];
  const put = (piece: string): void => {
    if (piece !== '') onText(piece);
  };
  let end: StreamedText['end'] = 'stopped';
  const beganAt = performance.now();
  const length = ids.length + parameters.maximumTokens;
  const engine = new Engine(model, { sequences: 1, contextLength: length });
  try {
    for await (const event of engine.generate({ prompt: ids, parameters, endTokens: [endOfText], signal })) {
      if (event.kind === 'end') end = event.reason;
      if (event.kind !== 'token') continue;
      times.push(performance.now());
      put(text.push(event.id));
      if (text.stopped === undefined) continue;
      end = 'stop';
      break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await engine.dispose();
  }
  put(text.flush());
  return {
    tokens: times.length,
    end,
    beganAt,
    firstAt: times[0],
    lastAt: times.at(-1),
    prompt: { tokens: encoded.length, seen: encoded.length - cut },
  };
}
