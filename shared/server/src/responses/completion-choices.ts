/** @file The texts of a completion, piece by piece, with log-probabilities as that endpoint tells them. */
import type { BpeEncoder } from '@arrowsmith/bpe';
import type { TextEvent, TextRequest, ToldProbability } from '../continue-text.ts';
import { tokenText } from './token-text.ts';

/** Four lists of one length. */
export interface CompletionLogProbabilities {
  tokens: string[];
  token_logprobs: (number | null)[];
  top_logprobs: (Record<string, number> | null)[];
  text_offset: number[];
}

/** A piece of a text: what it goes on with, or what ended it. */
export interface CompletionPiece {
  text: string;
  logprobs: CompletionLogProbabilities | null;
  finish_reason: 'stop' | 'length' | null;
}

/**
 * What events of a text say, as pieces of an answer.
 *
 * @param echo the text begins with the prompt
 */
export function completionPieces(
  encoder: BpeEncoder,
  { prompt, logProbabilities }: Pick<TextRequest, 'prompt' | 'logProbabilities'>,
  echo: boolean,
): (event: TextEvent) => CompletionPiece | undefined {
  const isTold = logProbabilities !== undefined;
  const begin = echo ? prompt.text.length : 0;
  const table = (rows: readonly Row[]) => (isTold ? tableOf(encoder, rows) : null);
  let length = 0;
  return (event) => {
    switch (event.kind) {
      case 'prompt':
        if (!echo) return undefined;
        return {
          text: prompt.text,
          logprobs: table(promptRows(encoder, prompt, event.logProbabilities)),
          finish_reason: null,
        };
      case 'text': {
        length += event.text.length;
        const rows = event.tokens.map(({ id, logProbabilities: told, start }) => ({ id, told, offset: begin + start }));
        return { text: event.text, logprobs: table(rows), finish_reason: null };
      }
      case 'end': {
        // The token that ends a text is one of its tokens, as OpenAI and vLLM tell it: who scores a prompt asks for one token behind it.
        const { reason, endToken } = event;
        const rows =
          endToken === undefined ? [] : [{ id: endToken.id, told: endToken.logProbabilities, offset: begin + length }];
        return { text: '', logprobs: rows.length === 0 ? null : table(rows), finish_reason: reason };
      }
    }
  };
}

/** All pieces of a text as one. @param isTold whether log-probabilities are */
export function joinPieces(pieces: readonly CompletionPiece[], isTold: boolean): CompletionPiece {
  const tables = pieces.flatMap(({ logprobs }) => (logprobs === null ? [] : [logprobs]));
  const logprobs = {
    tokens: tables.flatMap(({ tokens }) => tokens),
    token_logprobs: tables.flatMap((each) => each.token_logprobs),
    top_logprobs: tables.flatMap((each) => each.top_logprobs),
    text_offset: tables.flatMap((each) => each.text_offset),
  };
  return {
    text: pieces.map(({ text }) => text).join(''),
    logprobs: isTold ? logprobs : null,
    finish_reason: pieces.at(-1)?.finish_reason ?? null,
  };
}

interface Row {
  id: number;
  /** Absent of the first token, which nothing precedes. */
  told: ToldProbability | undefined;
  offset: number;
}

function promptRows(
  encoder: BpeEncoder,
  { ids, added }: TextRequest['prompt'],
  told: readonly ToldProbability[],
): Row[] {
  const stream = encoder.decodeStream();
  let offset = 0;
  return ids.slice(added).map((id, i) => {
    const row = { id, told: told[added + i - 1], offset };
    offset += stream.push(id).length;
    return row;
  });
}

function tableOf(encoder: BpeEncoder, rows: readonly Row[]): CompletionLogProbabilities {
  const entry = ({ id, logProbability }: { id: number; logProbability: number }) =>
    [tokenText(encoder, id), logProbability] as const;
  return {
    tokens: rows.map(({ id }) => tokenText(encoder, id)),
    token_logprobs: rows.map(({ told }) => told?.logProbability ?? null),
    // Two tokens may be written alike: the likelier one is told, and the token itself always.
    top_logprobs: rows.map(({ told }) =>
      told === undefined ? null : Object.fromEntries([...told.top.toReversed().map(entry), entry(told)]),
    ),
    text_offset: rows.map(({ offset }) => offset),
  };
}
