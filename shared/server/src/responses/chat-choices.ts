/** @file Answers of a chat, piece by piece, with log-probabilities as that endpoint tells them. */
import type { BpeEncoder } from '@arrowsmith/bpe';
import type { TextEvent, TextToken } from '../continue-text.ts';
import { tokenBytes, tokenText } from './token-text.ts';

/** A token, its log-probability, and the bytes that it stands for. */
interface ToldToken {
  token: string;
  logprob: number;
  bytes: number[];
}

export interface ChatLogProbabilities {
  content: (ToldToken & { top_logprobs: ToldToken[] })[];
  refusal: null;
}

/** A piece of an answer: what it goes on with, or what ended it. */
export interface ChatPiece {
  content: string;
  logprobs: ChatLogProbabilities | null;
  finish_reason: 'stop' | 'length' | null;
}

/** What events of a text say, as pieces of an answer. @param isTold whether log-probabilities are */
export function chatPieces(encoder: BpeEncoder, isTold: boolean): (event: TextEvent) => ChatPiece | undefined {
  return (event) => {
    if (event.kind === 'prompt') return undefined;
    if (event.kind === 'end') return { content: '', logprobs: null, finish_reason: event.reason };
    return { content: event.text, logprobs: isTold ? toldTokens(encoder, event.tokens) : null, finish_reason: null };
  };
}

/** All pieces of an answer as one. @param isTold whether log-probabilities are */
export function joinAnswer(pieces: readonly ChatPiece[], isTold: boolean): ChatPiece {
  return {
    content: pieces.map(({ content }) => content).join(''),
    logprobs: isTold ? { content: pieces.flatMap(({ logprobs }) => logprobs?.content ?? []), refusal: null } : null,
    finish_reason: pieces.at(-1)?.finish_reason ?? null,
  };
}

function toldTokens(encoder: BpeEncoder, tokens: readonly TextToken[]): ChatLogProbabilities {
  const told = ({ id, logProbability }: { id: number; logProbability: number }): ToldToken => ({
    token: tokenText(encoder, id),
    logprob: logProbability,
    bytes: Array.from(tokenBytes(encoder, id)),
  });
  const content = tokens.flatMap(({ logProbabilities }) =>
    logProbabilities === undefined ? [] : [{ ...told(logProbabilities), top_logprobs: logProbabilities.top.map(told) }],
  );
  return { content, refusal: null };
}
