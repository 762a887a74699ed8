/** @file The text of a prompt as it goes on: whole characters, up to what ends it, each with the tokens that it is made of. */
import {
  type ChosenToken,
  type GenerationEvent,
  type GenerationParameters,
  type LogitsProcessor,
  type TokenDecoder,
  textStream,
} from '@arrowsmith/generation';
import type { Prompt, ServedModel } from './served-model.ts';

/** Texts that are asked for, all from one prompt. */
export interface TextRequest {
  prompt: Prompt;
  parameters: GenerationParameters;
  /** The prompt alone is of interest. */
  isPromptOnly?: boolean;
  constraints?: readonly LogitsProcessor[];
  /** Whose keys and values may be shared: those of requests with the same one alone. */
  salt?: string | undefined;
  /** How many of the most likely tokens are told beside each. Absent: no log-probabilities. */
  logProbabilities?: number | undefined;
  /** Those of the prompt are told, too. */
  promptLogProbabilities?: boolean;
}

/** A log-probability, and those of the most likely tokens in its place. */
export type ToldProbability = NonNullable<ChosenToken['logProbabilities']>;

/** A token of a text. */
export interface TextToken extends ChosenToken {
  /** Where its first character is in the text, in UTF-16 units. */
  start: number;
}

/** What becomes of a text, in order. */
export type TextEvent =
  | { kind: 'prompt'; cachedTokens: number; logProbabilities: readonly ToldProbability[] }
  | { kind: 'text'; text: string; tokens: readonly TextToken[] }
  | {
      kind: 'end';
      reason: 'stop' | 'length';
      /** Tokens of the text, those of a stop string included. */
      tokens: number;
      /** The token that ended it, where the model did: no part of the text. */
      endToken: ChosenToken | undefined;
    };

/** Is told when tokens come. */
export interface TokenMeter {
  /** Seconds since the request, or since the token before. */
  token(seconds: number, isFirst: boolean): void;
}

/**
 * Continues a prompt several times, each with random numbers of its own. It is computed once, if the first events of all are asked for together. Tokens
 * come with the text that they are the beginning of; those of a stop string do not come.
 *
 * @param count of texts
 * @returns one stream for each, which throws as the engine does, and the signal's reason
 */
export function continueText(
  model: Pick<ServedModel, 'engine' | 'encoder' | 'ends'>,
  request: TextRequest,
  count: number,
  { signal, meter }: { signal: AbortSignal; meter: TokenMeter },
): AsyncGenerator<TextEvent, void, undefined>[] {
  const { prompt, parameters, constraints = [], logProbabilities, promptLogProbabilities = false, salt } = request;
  // End tokens are looked for here, as the engine would not tell how likely they are.
  const asked = {
    prompt: prompt.ids,
    parameters,
    constraints,
    logProbabilities,
    promptLogProbabilities,
    ...(salt === undefined ? {} : { salt }),
    signal,
  };
  return model.engine.samples(asked, count).map((events) => textOf(model, request, events, meter));
}

/** What becomes of a text whose tokens come. */
async function* textOf(
  { encoder, ends }: Pick<ServedModel, 'encoder' | 'ends'>,
  { parameters, isPromptOnly = false }: TextRequest,
  events: AsyncGenerator<GenerationEvent, void, undefined>,
  meter: TokenMeter,
): AsyncGenerator<TextEvent, void, undefined> {
  const decoder = countingDecoder(encoder.decodeStream());
  const text = textStream(decoder, parameters);
  let pending: TextToken[] = [];
  let passed = 0;
  const put = (piece: string, isLast = false) => {
    passed += piece.length;
    const isTold = ({ start }: TextToken): boolean => isLast || start < passed;
    const tokens = pending.filter(isTold);
    pending = pending.filter((token) => !isTold(token));
    return { kind: 'text', text: piece, tokens } as const;
  };
  let count = 0;
  let last = '';
  let endToken: ChosenToken | undefined;
  let before = performance.now();
  for await (const event of events) {
    if (event.kind === 'prompt') {
      yield { kind: 'prompt', cachedTokens: event.sharedTokens, logProbabilities: event.logProbabilities };
      if (isPromptOnly) break;
    }
    if (event.kind !== 'token') continue;
    const now = performance.now();
    meter.token((now - before) / 1000, count === 0);
    before = now;
    if (ends.has(event.id)) {
      endToken = event;
      break;
    }
    count++;
    pending.push({ id: event.id, logProbabilities: event.logProbabilities, start: decoder.length });
    last = text.push(event.id);
    if (text.stopped !== undefined) break;
    if (last !== '') yield put(last);
    last = '';
  }
  const rest = last + text.flush();
  const isStopped = text.stopped !== undefined;
  const end = put(rest, !isStopped);
  if (end.text !== '' || end.tokens.length > 0) yield end;
  yield { kind: 'end', reason: isStopped || endToken !== undefined ? 'stop' : 'length', tokens: count, endToken };
}

/** A decoder that knows how much text it has given. */
function countingDecoder(decoder: TokenDecoder): TokenDecoder & { readonly length: number } {
  let length = 0;
  const counted = (piece: string): string => {
    length += piece.length;
    return piece;
  };
  return {
    push: (id) => counted(decoder.push(id)),
    flush: () => counted(decoder.flush()),
    get length() {
      return length;
    },
  };
}
