/** @file Reads the training text once, for all that is measured against it: the reference for losses, and what is copied. */
import type { TokenTable } from '@arrowsmith/training';
import { COPIED_WORDS, copyCounter, type Copies } from './copying.ts';
import { ngramCounter } from './five-gram.ts';
import { tokenStream } from './token-stream.ts';

/** The reference counts so many tokens of the training text at most, from its beginning: about 0.5 GB of n-grams. */
const REFERENCE_TOKENS = 4_000_000;
/** Copies are looked for in so much of the training text, from its beginning. */
const SEARCHED_BYTES = 64e6;
/** So much of the held-out text is looked for. */
const HELD_OUT_BYTES = 1e6;
/** A longer document is read in pieces of so many bytes. */
const PIECE_BYTES = 2 ** 20;
const ORDER = 5;

export interface TrainingTextMeasures {
  /** Bits per byte of the held-out split by a 5-gram model of so many tokens of the training text; all of it where `isWhole`. */
  reference: { bitsPerByte: number; tokens: number; isWhole: boolean };
  copies: Copies;
  /** Bytes of the training text that were searched; all of it where `isWhole`. */
  searched: { bytes: number; isWhole: boolean };
}

/**
 * @param samples texts that the model made
 * @param textOf bytes that a token stands for; none for special tokens
 */
export async function measureTrainingText({
  train,
  validation,
  samples,
  endOfText,
  vocabularySize,
  textOf,
  signal,
  onProgress,
}: {
  train: TokenTable;
  validation: TokenTable;
  samples: readonly string[];
  endOfText: number;
  vocabularySize: number;
  textOf: (id: number) => Uint8Array;
  signal: AbortSignal;
  onProgress: (tokens: number) => void;
}): Promise<TrainingTextMeasures> {
  const heldOut: string[] = [];
  await eachDocument(validation, HELD_OUT_BYTES, (document) => heldOut.push(document), { endOfText, textOf, signal });
  const copies = copyCounter({ texts: [...samples, ...heldOut], n: COPIED_WORDS, followed: samples });
  const counter = ngramCounter({ order: ORDER, vocabularySize });
  let tokens = 0;
  const searched = await eachDocument(train, SEARCHED_BYTES, copies.add, {
    endOfText,
    textOf,
    signal,
    onTokens(batch) {
      counter.add(batch.subarray(0, Math.max(0, REFERENCE_TOKENS - tokens)));
      tokens += batch.length;
      onProgress(tokens);
    },
  });
  const model = counter.model();
  let nats = 0;
  for await (const batch of tokenStream(validation, Infinity, signal)) nats += model.nats(batch);
  return {
    reference: {
      bitsPerByte: nats / Math.LN2 / validation.bytes,
      tokens: Math.min(tokens, REFERENCE_TOKENS),
      isWhole: searched.isWhole && tokens <= REFERENCE_TOKENS,
    },
    copies: {
      samples: copies.seen(samples),
      heldOut: copies.seen(heldOut),
      longestRun: samples.reduce((longest, sample) => Math.max(longest, copies.longestRun(sample)), 0),
    },
    searched,
  };
}

/** Gives the documents of a split one by one, until so many bytes were given. */
async function eachDocument(
  rows: TokenTable,
  limit: number,
  onDocument: (text: string) => void,
  {
    endOfText,
    textOf,
    signal,
    onTokens,
  }: {
    endOfText: number;
    textOf: (id: number) => Uint8Array;
    signal: AbortSignal;
    onTokens?: (tokens: Int32Array) => void;
  },
): Promise<{ bytes: number; isWhole: boolean }> {
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  let length = 0;
  const end = (): void => {
    if (pieces.length > 0) onDocument(Buffer.concat(pieces).toString());
    [pieces, length] = [[], 0];
  };
  for await (const tokens of tokenStream(rows, Infinity, signal)) {
    onTokens?.(tokens);
    for (const token of tokens) {
      if (token === endOfText || length >= PIECE_BYTES) end();
      const piece = textOf(token);
      if (piece.length > 0) pieces.push(piece);
      bytes += piece.length;
      length += piece.length;
    }
    if (bytes >= limit) return { bytes, isWhole: false };
  }
  end();
  return { bytes, isWhole: true };
}
